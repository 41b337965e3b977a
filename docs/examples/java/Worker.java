/*
 * A worker that acts only while the leaderd beside it says that it leads.
 *
 *     LEADERD_URL=http://127.0.0.1:8720 java Worker.java billing
 *
 * The election is the argument, else $LEADERD_ELECTION, else `default`. The work of this example is
 * a line in the file $OUTPUT (or on stdout) every 50 ms. Java 17 or later on Linux, nothing but the
 * JDK; its HTTP client speaks TCP only, so there is no unix: here.
 */
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Worker {
    /** May act as leader under this token, before this time. */
    record Grant(long token, long stopAtMs) {}

    private final String url = setting("LEADERD_URL", "http://127.0.0.1:8720");
    private final String election;
    /** The daemon waits for us by this name before it lets another one lead. */
    private final String name = UUID.randomUUID().toString();
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .proxy(HttpClient.Builder.NO_PROXY)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private volatile Grant grant; // what the daemon said last; null: we do not lead
    private String refused = ""; // the token under which we do not lead, as the daemon said
    private final Object working = new Object(); // its lock is held during each step of the work
    private volatile boolean stopping;

    Worker(String election) {
        this.election = election;
    }

    /**
     * CLOCK_BOOTTIME, the clock that leases live on; System.nanoTime() stops during a suspend.
     * /proc/uptime rounds down to 10 ms; we round up: late is the safe side.
     */
    static long boottimeMs() throws IOException {
        String uptime = Files.readString(Path.of("/proc/uptime")).split(" ")[0];
        return Long.parseLong(uptime.replace(".", "")) * 10 + 10;
    }

    /** The fencing token if we may act as leader at this moment, else 0. */
    long token() throws IOException {
        Grant now = grant;
        return now != null && boottimeMs() < now.stopAtMs() ? now.token() : 0;
    }

    /** An answer of the daemon; nothing else makes the time to stop later. True: just lost. */
    boolean learn(String answer) throws IOException {
        Grant before = grant;
        boolean leads = Boolean.parseBoolean(member(answer, "is_leader"));
        String token = member(answer, "fencing_token");
        if (leads && !token.equals(refused)) {
            long deadlineMs = Long.parseLong(member(answer, "deadline_boottime_ms"));
            long marginMs = Long.parseLong(member(answer, "stop_margin_ms"));
            grant = new Grant(Long.parseLong(token), deadlineMs - marginMs);
        } else { // a daemon that has just been started knows of no token yet: "null"
            refused = token;
            grant = null;
        }
        return before != null && grant == null;
    }

    /**
     * The first member of this name, as the JDK has no JSON. The answer is about one election,
     * whose own token comes first; and a text cannot pass for a name, as its quotes are escaped. A
     * program that has a JSON library should use that.
     */
    static String member(String json, String name) throws IOException {
        Matcher found = Pattern.compile("\"" + name + "\":\"?([^,\"}]+)").matcher(json);
        if (!found.find()) {
            throw new IOException("the answer has no " + name);
        }
        return found.group(1);
    }

    /** What the daemon answers. */
    String ask(String method, String path, int timeoutSeconds)
            throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + path))
                .timeout(Duration.ofSeconds(timeoutSeconds))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build();
        HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException(path + ": status " + answer.statusCode());
        }
        return answer.body();
    }

    /** Hears of every change within milliseconds, and of the next deadline long before the last. */
    void watch() {
        String cursor = "";
        long pauseMs = 100;
        try {
            while (true) {
                try {
                    String answer = ask("GET", "/watch?election=" + election + "&workload=" + name
                            + "&timeout=30s" + cursor, 40);
                    if (learn(answer)) {
                        synchronized (working) { // the step under way ends first; no other begins
                            sayThatWeHaveStopped();
                        }
                    }
                    cursor = "&since=" + member(answer, "cursor");
                    if (!Boolean.parseBoolean(member(answer, "shutting_down"))) {
                        pauseMs = 100;
                        continue;
                    }
                } catch (IOException | NumberFormatException error) {
                    System.err.println("leaderd at " + url + ": " + error);
                }
                // No answer, no extension: the last deadline that we know of ends the work.
                Thread.sleep(pauseMs);
                pauseMs = Math.min(2 * pauseMs, 1000);
            }
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    /** So that whoever is next need not wait for our deadline. When it fails, they do. */
    void sayThatWeHaveStopped() throws InterruptedException {
        try {
            ask("POST", "/elections/" + election + "/released?workload=" + name, 2);
        } catch (IOException error) {
            // the daemon is gone, or stands still
        }
    }

    /**
     * One step. A real one takes longer, and looks again before each thing that cannot be undone.
     * Not "do we lead?" but "is it still this token?": it may have been lost and won again.
     */
    void work(long token, OutputStream output) throws IOException {
        String step = "{\"token\":%d,\"at_boottime_ms\":%d,\"worker\":\"java\"}\n"
                .formatted(token, boottimeMs());
        if (token() == token) {
            output.write(step.getBytes());
        }
    }

    void run(OutputStream output) throws IOException, InterruptedException {
        Thread watcher = new Thread(this::watch, "watch");
        watcher.setDaemon(true);
        watcher.start();
        while (!stopping) {
            Thread.sleep(50);
            synchronized (working) {
                long token = token();
                if (token != 0) {
                    work(token, output);
                }
            }
        }
        sayThatWeHaveStopped();
    }

    /** SIGTERM: no step is begun any more, the one under way ends, and the exit code is 0. */
    void stopAtEnd(Thread worker) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (!worker.isAlive()) {
                return; // it failed
            }
            stopping = true;
            try {
                worker.join();
            } catch (InterruptedException error) {
                // we end anyway
            }
            Runtime.getRuntime().halt(0);
        }));
    }

    static String setting(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? otherwise : value;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        String election = args.length > 0 ? args[0] : setting("LEADERD_ELECTION", "default");
        Worker worker = new Worker(election);
        worker.stopAtEnd(Thread.currentThread());
        String path = setting("OUTPUT", "/dev/stdout");
        try (OutputStream output = new FileOutputStream(path, true)) {
            worker.run(output);
        }
    }
}
