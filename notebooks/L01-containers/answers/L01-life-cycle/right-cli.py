%docker create --name shop-draft course/busybox echo later
%docker run -d --name shop-open course/busybox sleep 600
%docker run --name shop-closed course/busybox echo closed
