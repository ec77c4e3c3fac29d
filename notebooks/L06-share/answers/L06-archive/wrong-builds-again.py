from pathlib import Path
Path("Dockerfile").write_text('FROM course/busybox\nRUN printf "tea 3\\nbread 2\\ncandles 5\\n" > /prices.txt\nCMD ["cat", "/prices.txt"]\n')
tom.images.build(path=".", tag="prices:1")
tom.containers.run("prices:1", name="list")
