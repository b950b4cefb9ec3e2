// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.List;

/**
 * What a connector's manifest asks for ({@code docs/abi.md}, section 3).
 *
 * @param network the endpoints it wants to connect to
 * @param env names of environment variables
 * @param folders folders
 */
public record PermissionRequest(List<Endpoint> network, List<String> env, List<String> folders) {

    /** Copies the lists. */
    public PermissionRequest {
        network = List.copyOf(network);
        env = List.copyOf(env);
        folders = List.copyOf(folders);
    }

    /**
     * One endpoint: a host and a port.
     *
     * @param host the host; the literal {@code *} stands for any
     * @param port the port
     */
    public record Endpoint(Value host, Value port) {}

    /**
     * A literal, or the value of a member of the connector's configuration.
     *
     * @param literal the value itself, or the default for an absent member; null when there is none
     * @param configMember the member's name; null for a plain literal
     */
    public record Value(String literal, String configMember) {}
}
