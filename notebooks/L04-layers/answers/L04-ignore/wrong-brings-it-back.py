Path("kiosk/.dockerignore").write_text("secret.env\nnotes\n!*.env\n")
client.images.build(path="kiosk", tag="kiosk")
