"""A provider without latency: serves pages from files over one kept connection."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


def serve(folder: Path) -> None:
    """Serves until stopped; the address is the first line printed."""
    pages = {path.stem.removeprefix("page-"): path.read_bytes() for path in folder.glob("page-*.json")}

    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Answers with the page asked for."""
            body = pages[parse_qs(urlsplit(self.path).query)["page_no"][0]]
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    server.serve_forever()


serve(Path(sys.argv[1]))
