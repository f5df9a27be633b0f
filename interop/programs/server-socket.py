import socket

# 1. First create a socket of a specific type (protocol)
server_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
# 2. Then bind the socket to the network address where connections will be made
server_socket.bind(("10.77.1.1", 8081))
# 3. Set the socket to listen for a client to make a connection
server_socket.listen()
print("Waiting for connection", flush=True)
# 4. Wait for a connection, accept it, and create a new socket to manage the connection
connection_socket, address = server_socket.accept()
print("Client connected from", address, flush=True)
# 5. Then send and receive (recv) data over the connection socket
data = connection_socket.recv(1024).decode()
connection_socket.send(data.upper().encode())
# 6. Finally, close the socket when new connections are no longer needed
connection_socket.close()
server_socket.close()
