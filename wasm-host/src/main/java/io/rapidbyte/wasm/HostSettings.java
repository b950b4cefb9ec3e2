// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.nio.file.Path;
import java.time.Duration;
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

    /** Checks the values. */
    public HostSettings {
        Objects.requireNonNull(ioTimeout, "ioTimeout");
        Objects.requireNonNull(engine, "engine");
        if (tcpBufferBytes < 65_536 || tcpBufferBytes > 16 << 20) {
            throw new IllegalArgumentException(
                    "tcpBufferBytes must lie between 64 KiB and 16 MiB, not " + tcpBufferBytes + ".");
        }
        if (ioTimeout.isNegative() || ioTimeout.isZero()) {
            throw new IllegalArgumentException("ioTimeout must be above zero, not " + ioTimeout + ".");
        }
    }

    /**
     * 256 KiB a read, five minutes of waiting, compiled; the cache where {@value #CACHE_DIRECTORY_VARIABLE} says, else in the
     * user's cache folder ({@code $XDG_CACHE_HOME}, {@code ~/.cache}) under {@code rapidbyte}.
     */
    public static HostSettings fromSystem() {
        return new HostSettings(256 << 10, Duration.ofMinutes(5), defaultCacheDirectory(), Engine.COMPILED);
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

    private static Path defaultCacheDirectory() {
        String chosen = System.getenv(CACHE_DIRECTORY_VARIABLE);
        if (chosen != null && !chosen.isBlank()) {
            return chosen.equals("off") ? null : Path.of(chosen);
        }
        String cacheHome = System.getenv("XDG_CACHE_HOME");
        if (cacheHome != null && !cacheHome.isBlank()) {
            return Path.of(cacheHome, "rapidbyte");
        }
        String home = System.getProperty("user.home");
        return home == null || home.isBlank() || home.equals("?") ? null : Path.of(home, ".cache", "rapidbyte");
    }
}
