# nginx: a master with workers serves a file
# needs: /usr/sbin/nginx
# prints: 20 times right
# packages: nginx-light python3
mkdir -p www logs; echo served > www/index.html; chmod 755 . www
cat > conf <<E
worker_processes 2; pid $PWD/pid; error_log $PWD/log; user root; events {}
http { access_log off; client_body_temp_path $PWD/t; proxy_temp_path $PWD/t; fastcgi_temp_path $PWD/t; uwsgi_temp_path $PWD/t; scgi_temp_path $PWD/t;
server { listen unix:$PWD/socket; root $PWD/www; } }
E
nginx -c $PWD/conf -e $PWD/log
cat > a.py <<'E'
import http.client, socket
def get():
    connection = http.client.HTTPConnection("x"); connection.sock = socket.socket(socket.AF_UNIX); connection.sock.connect("socket")
    connection.request("GET", "/"); return connection.getresponse().read()
print(sum(get() == b"served\n" for _ in range(20)), "times right")
E
python3 a.py; kill $(cat pid)
