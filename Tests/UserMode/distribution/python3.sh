# python3: processes, threads, sockets, decimals
# needs: /usr/bin/python3
# prints: [0, 1, 4, 9] 8 hello 1.4142135623730950488016887242096980785696718753769
# packages: python3
cat > a.py <<'E'
import decimal, multiprocessing, socket, threading
def square(n): return n * n
if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool: squares = pool.map(square, range(4))
    done = []
    threads = [threading.Thread(target=done.append, args=(i,)) for i in range(8)]
    [t.start() for t in threads]; [t.join() for t in threads]
    a, b = socket.socketpair(); a.sendall(b"hello")
    decimal.getcontext().prec = 50
    print(squares, len(done), b.recv(9).decode(), decimal.Decimal(2).sqrt())
E
python3 a.py
