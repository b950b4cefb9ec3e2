// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

/**
 * The {@code limits} of a connector.
 *
 * @param maxMemory memory of one instance, or null
 * @param timeoutSeconds seconds of computation without progress, or null
 */
public record LimitsSection(ByteSize maxMemory, Integer timeoutSeconds) {
    /** The manifest's limits alone hold. */
    public static final LimitsSection NONE = new LimitsSection(null, null);
}
