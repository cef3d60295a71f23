import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

/** Answers slowly: the first bytes at once, the last a second later. Its shutdown hook waits for what is in flight. */
public class Server {
    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", PORT), 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write("begun\n".getBytes());
            exchange.getResponseBody().flush();
            try {
                Thread.sleep(1000);
            } catch (InterruptedException error) {
                throw new RuntimeException(error);
            }
            exchange.getResponseBody().write("answered\n".getBytes());
            exchange.close();
        });
        server.setExecutor(java.util.concurrent.Executors.newCachedThreadPool());
        if (arguments.length == 0) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(10)));
        }
        server.start();
    }
}
