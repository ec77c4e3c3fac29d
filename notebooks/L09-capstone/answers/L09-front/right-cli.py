from pathlib import Path

Path("shop-front/Dockerfile").write_text("""FROM course/node
WORKDIR /srv
COPY . .
USER app
CMD ["node", "front.js"]
""")
%docker build -t shop-front shop-front
