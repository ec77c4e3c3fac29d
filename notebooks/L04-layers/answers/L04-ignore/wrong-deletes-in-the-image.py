dockerfile = Path("kiosk/Dockerfile")
dockerfile.write_text(dockerfile.read_text() + "RUN rm -r secret.env notes\n")
client.images.build(path="kiosk", tag="kiosk")
