# The keeper notes in the log that the lamp is lit, and then opens the shop at its foot.
echo "the keeper of $TOWN lights the lamp"
node server.js --sign light
