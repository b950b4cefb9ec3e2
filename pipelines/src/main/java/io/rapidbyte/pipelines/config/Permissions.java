// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import java.util.List;

/**
 * What the pipeline lets a connector use of what its manifest asks for.
 *
 * @param network hosts; null: all that the manifest asks for
 * @param env environment variables; null: none
 * @param fs folders; null: none
 */
public record Permissions(Network network, Env env, Fs fs) {
    /** The pipeline says nothing: the hosts of the configuration, no environment and no folders. */
    public static final Permissions UNRESTRICTED = new Permissions(null, null, null);

    /** Returns the hosts that are allowed, or null when the pipeline says nothing of them. */
    public List<String> allowedHosts() {
        return network == null ? null : network.allowedHosts();
    }

    /** Returns the environment variables that are allowed, or null when the pipeline says nothing of them. */
    public List<String> allowedVars() {
        return env == null ? null : env.allowedVars();
    }

    /** Returns the folders that are allowed, or null when the pipeline says nothing of them. */
    public List<String> allowedPreopens() {
        return fs == null ? null : fs.allowedPreopens();
    }

    /**
     * {@code permissions.network}.
     *
     * @param allowedHosts {@code host}, {@code host:port}, {@code *.suffix} or an address range; null: not restricted
     */
    public record Network(List<String> allowedHosts) {}

    /**
     * {@code permissions.env}.
     *
     * @param allowedVars names of variables; null: not restricted
     */
    public record Env(List<String> allowedVars) {}

    /**
     * {@code permissions.fs}.
     *
     * @param allowedPreopens folders; null: not restricted
     */
    public record Fs(List<String> allowedPreopens) {}
}
