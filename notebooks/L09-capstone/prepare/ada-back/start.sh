echo "good morning"
python3 /shop/back.py
echo "good night"
