// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * A Flink session cluster of two processes, a job manager and a task manager, on this machine. On their class path is Flink with what it needs, and nothing of
 * ours or Beam's: what jobs need they bring along.
 */
final class FlinkCluster implements AutoCloseable {
    private static final String JOB_MANAGER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint";
    private static final String TASK_MANAGER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner";

    private static final String LOGBACK = "logback.xml";

    /** Of the artifacts on the class path of the tests those that Flink's distribution has in one form or another. */
    private static final List<String> FLINK = List.of(
            "flink-",
            "akka",
            "slf4j-api-",
            "commons-cli-",
            "commons-collections-",
            "commons-compress-",
            "commons-io-",
            "commons-lang3-",
            "commons-math3-",
            "commons-text-",
            "chill-java-",
            "kryo-",
            "minlog-",
            "objenesis-",
            "javassist-",
            "jsr305-",
            "snakeyaml-engine-",
            "snappy-java-",
            "lz4-java-",
            "logback-");

    private final HttpClient http = HttpClient.newHttpClient();
    private final ObjectMapper json = new ObjectMapper();
    private final Path folder;
    private final int port;
    private final List<Process> processes = new ArrayList<>();

    private FlinkCluster(Path folder, int port) {
        this.folder = folder;
        this.port = port;
    }

    /**
     * Starts one.
     *
     * @param folder where its configuration and its logs are
     */
    static FlinkCluster start(Path folder, int slots) throws IOException {
        FlinkCluster cluster = new FlinkCluster(folder, freePort());
        Files.writeString(folder.resolve(LOGBACK), """
                <configuration>
                  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
                    <encoder><pattern>%-5level %logger{0}: %msg%n%ex{20}</pattern></encoder>
                  </appender>
                  <root level="WARN"><appender-ref ref="out"/></root>
                </configuration>
                """);
        Files.writeString(folder.resolve("flink-conf.yaml"), """
                jobmanager.rpc.address: 127.0.0.1
                jobmanager.rpc.port: %d
                jobmanager.bind-host: 127.0.0.1
                rest.address: 127.0.0.1
                rest.bind-address: 127.0.0.1
                rest.port: %d
                rest.bind-port: %d
                blob.storage.directory: %s
                io.tmp.dirs: %s
                taskmanager.bind-host: 127.0.0.1
                taskmanager.host: 127.0.0.1
                taskmanager.numberOfTaskSlots: %d
                taskmanager.cpu.cores: 2
                taskmanager.memory.framework.heap.size: 128m
                taskmanager.memory.framework.off-heap.size: 128m
                taskmanager.memory.jvm-metaspace.size: 256m
                taskmanager.memory.jvm-overhead.min: 192m
                taskmanager.memory.jvm-overhead.max: 192m
                taskmanager.memory.task.heap.size: 512m
                taskmanager.memory.task.off-heap.size: 128m
                taskmanager.memory.managed.size: 64m
                taskmanager.memory.network.min: 256m
                taskmanager.memory.network.max: 256m
                """.formatted(
                        freePort(), cluster.port, cluster.port, folder, folder, slots));
        try {
            cluster.launch(JOB_MANAGER, "--executionMode", "cluster");
            cluster.launch(TASK_MANAGER);
            cluster.await(
                    "its slots are there",
                    () -> cluster.get("/overview").path("slots-total").asInt() == slots);
            return cluster;
        } catch (IOException | RuntimeException | Error e) {
            cluster.close();
            throw e;
        }
    }

    /** What {@code --flinkMaster} takes. */
    String master() {
        return "127.0.0.1:" + port;
    }

    /** The states of all jobs, as the cluster has them, by what the cluster calls them. */
    Map<String, String> jobs() {
        Map<String, String> states = new HashMap<>();
        get("/jobs")
                .path("jobs")
                .forEach(job ->
                        states.put(job.path("id").asText(), job.path("status").asText()));
        return states;
    }

    /** Cancels a job. */
    void cancel(String job) {
        send(HttpRequest.newBuilder(URI.create("http://" + master() + "/jobs/" + job + "?mode=cancel"))
                .method("PATCH", HttpRequest.BodyPublishers.noBody())
                .build());
    }

    /** Where its REST interface is. */
    int port() {
        return port;
    }

    /** What the cluster answers; an empty object while it does not. */
    private JsonNode get(String path) {
        return send(
                HttpRequest.newBuilder(URI.create("http://" + master() + path)).build());
    }

    private JsonNode send(HttpRequest request) {
        try {
            HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
            return json.readTree(response.body());
        } catch (IOException e) {
            return json.createObjectNode();
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while a cluster was asked", e);
        }
    }

    private interface Condition {
        boolean isTrue();
    }

    private void await(String what, Condition condition) {
        long deadline = System.nanoTime() + 60_000_000_000L;
        while (!condition.isTrue()) {
            if (System.nanoTime() > deadline || processes.stream().anyMatch(process -> !process.isAlive())) {
                throw new AssertionError("The cluster did not come so far that " + what + "; see " + log());
            }
            Thread.onSpinWait();
        }
    }

    /** What its processes have written. */
    String log() {
        StringBuilder text = new StringBuilder();
        for (String name : List.of(JOB_MANAGER, TASK_MANAGER)) {
            try {
                text.append(Files.readString(logOf(name)));
            } catch (IOException e) {
                text.append(name).append(" has written nothing\n");
            }
        }
        return text.toString();
    }

    private Path logOf(String name) {
        return folder.resolve(name.substring(name.lastIndexOf('.') + 1) + ".log");
    }

    private void launch(String main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                // As in the start scripts of Flink, for what its serialisers look into.
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "--add-opens=java.base/java.util=ALL-UNNAMED",
                "-Dlogback.configurationFile=" + folder.resolve(LOGBACK),
                "-cp",
                classPath(),
                main,
                "--configDir",
                folder.toString()));
        command.addAll(List.of(arguments));
        processes.add(new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(logOf(main).toFile())
                .start());
    }

    private static String classPath() {
        Predicate<String> isOfFlink = entry -> {
            String artifact = Path.of(entry).getFileName().toString();
            return FLINK.stream().anyMatch(artifact::startsWith);
        };
        return Arrays.stream(System.getProperty("java.class.path").split(java.io.File.pathSeparator))
                .filter(isOfFlink)
                .collect(Collectors.joining(java.io.File.pathSeparator));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() {
        processes.forEach(Process::destroyForcibly);
    }
}
