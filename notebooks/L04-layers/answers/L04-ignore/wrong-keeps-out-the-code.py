Path("kiosk/.dockerignore").write_text("*\n!prices.txt\n")
client.images.build(path="kiosk", tag="kiosk")
