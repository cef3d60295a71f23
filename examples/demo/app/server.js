// A server that ends well, if only somebody tells it to: it answers after a second, and drains on SIGTERM.
const server = require("http").createServer((request, response) => {
  setTimeout(() => response.end("answered\n"), request.url === "/slow" ? 1000 : 0);
});
process.on("SIGTERM", () => server.close(() => process.exit(0)));
server.listen(Number(process.env.PORT), "127.0.0.1");
