// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.Serializable;
import java.util.List;

/**
 * What the pipeline grants one connector. A capability is there when the manifest asks for it and the pipeline grants it
 * ({@code docs/abi.md}, section 3). Hosts that are {@code null} mean "all that the manifest asks for", which follows from the
 * configuration that the pipeline gives; environment variables and folders have to be named, and {@code null} means none. An empty list
 * means "nothing".
 *
 * @param allowedHosts each {@code host}, {@code host:port}, {@code *.suffix}, {@code *.suffix:port}, an address, an address
 *     range such as {@code 10.0.0.0/8}, or {@code *}; an IPv6 address with a port is written in brackets
 * @param allowedEnv names of environment variables
 * @param allowedFolders folders, absolute
 */
public record Grants(List<String> allowedHosts, List<String> allowedEnv, List<String> allowedFolders)
        implements Serializable {

    private static final Grants MANIFEST_ONLY = new Grants(null, null, null);
    private static final Grants NOTHING = new Grants(List.of(), List.of(), List.of());

    /** Copies the lists, null stays null. */
    public Grants {
        allowedHosts = copy(allowedHosts);
        allowedEnv = copy(allowedEnv);
        allowedFolders = copy(allowedFolders);
    }

    /** The hosts that the manifest asks for, taken from the configuration; neither environment nor folders. */
    public static Grants manifestOnly() {
        return MANIFEST_ONLY;
    }

    /** Neither network nor environment nor folders. */
    public static Grants nothing() {
        return NOTHING;
    }

    /**
     * Makes sure that an entry of the allowed hosts has one of their forms.
     *
     * @throws IllegalArgumentException with a sentence that names the entry
     */
    public static void requireHost(String entry) {
        HostPattern.parse(entry);
    }

    /** The same grants with other hosts; null for all that the manifest asks for. */
    public Grants withAllowedHosts(List<String> hosts) {
        return new Grants(hosts, allowedEnv, allowedFolders);
    }

    private static List<String> copy(List<String> list) {
        return list == null ? null : List.copyOf(list);
    }
}
