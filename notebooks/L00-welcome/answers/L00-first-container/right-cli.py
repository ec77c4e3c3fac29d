%docker run --name first course/busybox echo the shop is ready
