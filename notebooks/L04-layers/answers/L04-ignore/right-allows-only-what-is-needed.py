Path("kiosk/.dockerignore").write_text("# only these are sent\n*\n!kiosk.sh\n!prices.txt\n")
client.images.build(path="kiosk", tag="kiosk")
