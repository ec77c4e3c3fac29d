from pathlib import Path

Path("web/Dockerfile").write_text("""FROM course/node
WORKDIR /srv
COPY server.js .
EXPOSE 7080
USER app
CMD ["node", "server.js"]
""")
%docker build -t web web
