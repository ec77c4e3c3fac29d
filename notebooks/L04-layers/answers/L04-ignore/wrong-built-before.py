client.images.build(path="kiosk", tag="kiosk")
Path("kiosk/.dockerignore").write_text("secret.env\nnotes\n")
