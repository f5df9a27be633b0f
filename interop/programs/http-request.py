import socket

def send_http_request(host, port, message):
    # Create a TCP socket
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        # Connect to the server
        s.connect((host, port))

        # Send the HTTP request
        s.sendall(message.encode('utf-8'))

        # Receive the response
        response = s.recv(4096)  # You might need to adjust the buffer size

    return response.decode('utf-8')

# Example usage
host = '10.77.1.80'  
port = 80 
http_request = "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"  

response = send_http_request(host, port, http_request)
print(response)
