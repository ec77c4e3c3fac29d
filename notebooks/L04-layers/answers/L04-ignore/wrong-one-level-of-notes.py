Path("kiosk/.dockerignore").write_text("secret.env\nnotes/*.txt\n")
client.images.build(path="kiosk", tag="kiosk")
