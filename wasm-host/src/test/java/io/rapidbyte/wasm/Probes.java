// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.event.Level;

/** Instances of the probe connectors, and what to read into and write from. */
final class Probes {
    /** One cache for all tests, so that each JVM but the first starts warm. */
    static final WasmHost HOST =
            new WasmHost(HostSettings.fromSystem().withCacheDirectory(Path.of("target", "code-cache")));

    static final ConnectorModule SOURCE = ConnectorModule.bundled("probe-source");
    static final ConnectorModule DESTINATION = ConnectorModule.bundled("probe-destination");
    static final StreamSpec STREAM = StreamSpec.of("numbers");

    /** For honest work, which may take long on a busy machine. */
    static final Limits LIMITS = Limits.defaults();

    /** For guests that must be stopped: short, so that the suite is quick. */
    static final Limits STRICT_LIMITS = LIMITS.withGuestTime(Duration.ofMillis(500));

    private Probes() {}

    static InstanceOptions options() {
        return InstanceOptions.of("run-1").withLimits(LIMITS);
    }

    static InstanceOptions strictOptions() {
        return InstanceOptions.of("run-1").withLimits(STRICT_LIMITS);
    }

    private static InstanceOptions optionsFor(String config) {
        return config.contains("'loop") ? strictOptions() : options();
    }

    static SourceConnector source(String config) {
        return source(config, optionsFor(config));
    }

    static SourceConnector source(String config, InstanceOptions options) {
        return HOST.openSource(SOURCE, json(config), options);
    }

    static DestinationConnector destination(String config) {
        return destination(config, optionsFor(config));
    }

    static DestinationConnector destination(String config, InstanceOptions options) {
        return HOST.openDestination(DESTINATION, json(config), options);
    }

    /** The instance behind a connector, for responses that the public API does not show. */
    static GuestInstance instance(String config, InstanceOptions options) {
        LoadedModule loaded = new CompilingEngine(new CodeCache(Path.of("target", "code-cache"))).load(SOURCE);
        try {
            return GuestInstance.open(
                    SOURCE, loaded, true, Json.MAPPER.readTree(json(config)), options, HOST.settings());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** JSON may be written with single quotes. */
    static String json(String text) {
        return text.replace('\'', '"');
    }

    static WriteRequest writeRequest(StreamPlan plan) {
        return new WriteRequest("run-1", plan.stream(), plan.schema(), WriteMode.APPEND, List.of(), java.util.Map.of());
    }

    static byte[] resource(String name) {
        try (InputStream in = Probes.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Grants every claim up to a unit, and keeps what is emitted. */
    static final class Reader implements ReadCallbacks {
        final List<Frame> frames = new ArrayList<>();
        final List<Long> claimed = new ArrayList<>();
        private final long end;

        Reader() {
            this(Long.MAX_VALUE);
        }

        Reader(long end) {
            this.end = end;
        }

        @Override
        public boolean claim(long unit) {
            claimed.add(unit);
            return unit < end;
        }

        @Override
        public void emit(Frame frame) {
            frames.add(frame);
        }
    }

    /** Feeds what is in a list. */
    static class Feed implements BatchFeed {
        final Queue<Frame> frames;

        Feed(List<Frame> frames) {
            this.frames = new ConcurrentLinkedQueue<>(frames);
        }

        @Override
        public Frame next() throws InterruptedException {
            return frames.poll();
        }
    }

    /** Keeps what a guest logs. */
    static final class Lines implements GuestLog {
        final Queue<String> lines = new ConcurrentLinkedQueue<>();

        @Override
        public void line(Level level, String text) {
            lines.add(level + " " + text);
        }

        @Override
        public Level threshold() {
            return Level.TRACE;
        }
    }

    /** All frames of a whole read. */
    static List<Frame> frames(String config) {
        try (SourceConnector source = source(config)) {
            StreamPlan plan = source.plan(STREAM);
            Reader reader = new Reader();
            source.read(plan, 0, plan.units(), reader);
            return reader.frames;
        }
    }
}
