"""Certificates for one test: good ones, and one for each way in which a certificate can be wrong.

All are ECDSA P-256, made with the openssl command line in a directory of their own.
"""
import os
import subprocess

from processes import remove_directory, temporary_directory

HERE = "IP:127.0.0.1,IP:::1,DNS:localhost"
ELSEWHERE = "DNS:redis.example.com"
CONFIG = """[req]
distinguished_name = name
prompt = no
[name]
CN = leaderd test
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""
DATABASE = """[ca]
default_ca = ours
[ours]
database = {0}/index.txt
serial = {0}/serial
new_certs_dir = {0}
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""


class Pair:
    """The files of a certificate and its key."""

    def __init__(self, directory, name):
        self.cert = os.path.join(directory, name + ".crt")
        self.key = os.path.join(directory, name + ".key")


class Certificates:
    def __init__(self):
        self.directory = temporary_directory("tls")
        self.config = self._write("openssl.cnf", CONFIG)
        self.database = self._write("ca.cnf", DATABASE.format(self.directory))
        self._write("index.txt", "")
        self._write("serial", "01\n")
        self.ca = self._authority("ca", "leaderd test authority")
        self.other_ca = self._authority("other-ca", "somebody else's authority")
        self.server = self.issue("server", self.ca)
        self.client = self.issue("client", self.ca, names=None)
        self.expired = self.issue("expired", self.ca, start="20200101000000Z",
                                  end="20200201000000Z")
        self.wrong_name = self.issue("wrong-name", self.ca, names=ELSEWHERE)
        self.foreign = self.issue("foreign", self.other_ca)
        self.self_signed = self._self_signed("self-signed")

    def issue(self, name, authority, *, names=HERE, start=None, end=None):
        """A pair signed by `authority`, valid for a day unless told otherwise (YYYYMMDDHHMMSSZ)."""
        made = Pair(self.directory, name)
        request = os.path.join(self.directory, name + ".csr")
        self._openssl("req", "-new", *self._new_key(made), "-subj", f"/CN=leaderd {name}",
                      "-config", self.config, "-out", request)
        extensions = self._write(name + ".ext", "basicConstraints = CA:FALSE\n"
                                 + (f"subjectAltName = {names}\n" if names else ""))
        validity = ["-startdate", start, "-enddate", end] if start else ["-days", "1"]
        self._openssl("ca", "-batch", "-notext", "-config", self.database, "-cert", authority.cert,
                      "-keyfile", authority.key, "-in", request, "-out", made.cert,
                      "-extfile", extensions, *validity)
        return made

    def remove(self):
        remove_directory(self.directory)

    def _authority(self, name, common_name):
        made = Pair(self.directory, name)
        self._openssl("req", "-x509", *self._new_key(made), "-subj", "/CN=" + common_name,
                      "-config", self.config, "-extensions", "authority", "-days", "1",
                      "-out", made.cert)
        return made

    def _self_signed(self, name):
        made = Pair(self.directory, name)
        self._openssl("req", "-x509", *self._new_key(made), "-subj", "/CN=leaderd " + name,
                      "-config", self.config, "-addext", "subjectAltName=" + HERE, "-days", "1",
                      "-out", made.cert)
        return made

    @staticmethod
    def _new_key(pair):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", pair.key]

    def _write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    @staticmethod
    def _openssl(*words):
        done = subprocess.run(["openssl", *words], stdin=subprocess.DEVNULL, timeout=30,
                              capture_output=True, text=True, errors="replace", check=False)
        if done.returncode != 0:
            raise AssertionError(f"openssl {' '.join(words)}:\n{done.stderr}")
