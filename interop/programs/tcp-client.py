from socket import *
s = socket(AF_INET, SOCK_STREAM)
s.connect(('10.77.1.80', 80))
s.send(b"GET /index.html HTTP/1.0\n\n")
data = s.recv(10000)
s.close()
print(data.decode())
