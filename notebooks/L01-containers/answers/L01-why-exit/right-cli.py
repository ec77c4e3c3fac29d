[code] = !docker wait {night.id}
exit_code = int(code)
!docker logs {night.id}
%docker run -d --name night-shop course/python sh -c "python3 -m http.server 8080"
