import io
import tarfile

shop = client.containers.create("course/python", ["python3", "/srv/shop.py"], name="shop")
archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w") as tar:
    tar.add("shop.py")
shop.put_archive("/srv", archive.getvalue())
shop.start()
