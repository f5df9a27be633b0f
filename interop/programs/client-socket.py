import socket

client_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client_socket.connect(("10.77.1.80", 8081))
client_socket.send("hello, netarium".encode())
print(client_socket.recv(1024).decode())
client_socket.close()
