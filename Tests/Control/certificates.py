"""Certificates as users of QEMU have them, made by openssl."""
import os
import shutil
import ssl
import subprocess


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


class Authority:
    """Signs certificates, and puts them into folders as users of QEMU have them."""

    def __init__(self, work, name):
        self.work, self.name = work, f"{work}/{name}"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{self.name}.key", "-out",
                f"{self.name}.pem", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")

    def sign(self, folder, kind, usage=None, password=None):
        os.makedirs(folder, exist_ok=True)
        shutil.copy(f"{self.name}.pem", f"{folder}/ca-cert.pem")
        key, request = f"{folder}/{kind}-key.pem", f"{self.work}/request"
        secrecy = ["-passout", f"pass:{password}"] if password else ["-nodes"]
        openssl("req", "-newkey", "rsa:2048", *secrecy, "-subj", f"/CN={kind}", "-keyout", key, "-out", request)
        with open(f"{self.work}/extensions", "w") as file:
            file.write(f"subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage={usage or kind + 'Auth'}\nkeyUsage=digitalSignature,keyEncipherment\n")
        openssl("x509", "-req", "-in", request, "-CA", f"{self.name}.pem", "-CAkey", f"{self.name}.key", "-days", "2", "-extfile",
                f"{self.work}/extensions", "-out", f"{folder}/{kind}-cert.pem")


def context(folder=None, authority=None):
    """What Python's client believes and shows."""
    made = ssl.create_default_context(cafile=authority or f"{folder}/ca-cert.pem")
    if folder:
        made.load_cert_chain(f"{folder}/client-cert.pem", f"{folder}/client-key.pem")
    return made
