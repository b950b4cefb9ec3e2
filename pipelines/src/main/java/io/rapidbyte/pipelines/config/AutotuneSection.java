// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

/**
 * {@code resources.autotune}. What is pinned is not chosen.
 *
 * @param enabled whether anything is chosen; null: yes
 * @param pinParallelism threads, or null
 * @param pinSourcePartitionMode how a stream with a partition key is cut, {@code mod} or {@code range}, or null
 * @param pinCopyFlushBytes how much the destination encodes before it sends it, or null
 */
public record AutotuneSection(
        Boolean enabled, Integer pinParallelism, String pinSourcePartitionMode, ByteSize pinCopyFlushBytes) {
    /** Everything is chosen. */
    public static final AutotuneSection DEFAULTS = new AutotuneSection(null, null, null, null);

    public AutotuneSection {
        enabled = enabled == null || enabled;
    }
}
