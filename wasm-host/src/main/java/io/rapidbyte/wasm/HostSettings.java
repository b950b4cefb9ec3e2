// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;

/**
 * Settings of the host that no connector and no pipeline changes.
 *
 * @param tcpBufferBytes most bytes that one socket read or write moves
 * @param ioTimeout how long a socket read waits unless the guest says otherwise
 * @param cacheDirectory where compiled modules are kept; null for nowhere
 * @param engine how guest code runs
 */
public record HostSettings(int tcpBufferBytes, Duration ioTimeout, Path cacheDirectory, Engine engine) {

    /** The environment variable that names the cache folder; {@code off} switches the cache off. */
    public static final String CACHE_DIRECTORY_VARIABLE = "RAPIDBYTE_CACHE_DIR";

    /** The environment variable for {@link #tcpBufferBytes()}: a number of bytes. */
    public static final String TCP_BUFFER_VARIABLE = "RAPIDBYTE_TCP_BUFFER_BYTES";

    /** The environment variable for {@link #engine()}: {@code compiled} or {@code interpreted}. */
    public static final String ENGINE_VARIABLE = "RAPIDBYTE_ENGINE";

    private static final int LEAST_TCP_BUFFER_BYTES = 4 << 10;
    private static final int MOST_TCP_BUFFER_BYTES = 16 << 20;
    private static final int DEFAULT_TCP_BUFFER_BYTES = 256 << 10;

    /** Checks the values. */
    public HostSettings {
        Objects.requireNonNull(ioTimeout, "ioTimeout");
        Objects.requireNonNull(engine, "engine");
        if (tcpBufferBytes < LEAST_TCP_BUFFER_BYTES || tcpBufferBytes > MOST_TCP_BUFFER_BYTES) {
            throw new IllegalArgumentException(
                    "tcpBufferBytes must lie between 4 KiB and 16 MiB, not " + tcpBufferBytes + ".");
        }
        if (ioTimeout.isNegative() || ioTimeout.isZero()) {
            throw new IllegalArgumentException("ioTimeout must be above zero, not " + ioTimeout + ".");
        }
    }

    /**
     * 256 KiB a read unless {@value #TCP_BUFFER_VARIABLE} says otherwise, five minutes of waiting, compiled unless {@value
     * #ENGINE_VARIABLE} says otherwise; the cache where {@value #CACHE_DIRECTORY_VARIABLE} says, else in the user's cache folder ({@code
     * $XDG_CACHE_HOME}, {@code ~/.cache}) under {@code rapidbyte}.
     *
     * @throws IllegalArgumentException when a variable's value is none of those; the message names the variable
     */
    public static HostSettings fromSystem() {
        return from(System.getenv());
    }

    /** The settings that these environment variables make, as {@link #fromSystem()} has it. */
    static HostSettings from(Map<String, String> environment) {
        return new HostSettings(
                tcpBuffer(environment), Duration.ofMinutes(5), cacheDirectory(environment), engine(environment));
    }

    /** The same settings with another cache folder; null for none. */
    public HostSettings withCacheDirectory(Path directory) {
        return new HostSettings(tcpBufferBytes, ioTimeout, directory, engine);
    }

    /** The same settings with another engine. */
    public HostSettings withEngine(Engine newEngine) {
        return new HostSettings(tcpBufferBytes, ioTimeout, cacheDirectory, newEngine);
    }

    /** The same settings with another socket timeout. */
    public HostSettings withIoTimeout(Duration timeout) {
        return new HostSettings(tcpBufferBytes, timeout, cacheDirectory, engine);
    }

    private static int tcpBuffer(Map<String, String> environment) {
        String bytes = environment.get(TCP_BUFFER_VARIABLE);
        if (bytes == null || bytes.isBlank()) {
            return DEFAULT_TCP_BUFFER_BYTES;
        }
        int number;
        try {
            number = Integer.parseInt(bytes.strip());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    TCP_BUFFER_VARIABLE + " is '" + bytes + "' and has to be a number of bytes, such as 262144.", e);
        }
        if (number < LEAST_TCP_BUFFER_BYTES || number > MOST_TCP_BUFFER_BYTES) {
            throw new IllegalArgumentException(TCP_BUFFER_VARIABLE + " is '" + bytes
                    + "' and has to lie between 4096 and 16777216 bytes, such as 262144.");
        }
        return number;
    }

    private static Engine engine(Map<String, String> environment) {
        String engine = environment.getOrDefault(ENGINE_VARIABLE, "").strip();
        return switch (engine) {
            case "", "compiled" -> Engine.COMPILED;
            case "interpreted" -> Engine.INTERPRETED;
            default ->
                throw new IllegalArgumentException(
                        ENGINE_VARIABLE + " is '" + engine + "' and has to be compiled or interpreted.");
        };
    }

    private static Path cacheDirectory(Map<String, String> environment) {
        String chosen = environment.get(CACHE_DIRECTORY_VARIABLE);
        if (chosen != null && !chosen.isBlank()) {
            return chosen.equals("off") ? null : Path.of(chosen);
        }
        String cacheHome = environment.get("XDG_CACHE_HOME");
        if (cacheHome != null && !cacheHome.isBlank()) {
            return Path.of(cacheHome, "rapidbyte");
        }
        String home = System.getProperty("user.home");
        return home == null || home.isBlank() || home.equals("?") ? null : Path.of(home, ".cache", "rapidbyte");
    }
}
