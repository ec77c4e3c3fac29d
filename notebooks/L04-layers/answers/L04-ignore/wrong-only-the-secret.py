Path("kiosk/.dockerignore").write_text("secret.env\n")
client.images.build(path="kiosk", tag="kiosk")
