Path("kiosk/.dockerignore").write_text("secret.env\nnotes\n")
%docker build -t kiosk kiosk
