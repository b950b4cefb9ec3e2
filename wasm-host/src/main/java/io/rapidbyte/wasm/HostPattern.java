// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.net.IDN;
import java.net.InetAddress;
import java.util.Locale;

/**
 * What one entry of the allowed hosts stands for.
 *
 * @param name an exact name in lower case, a suffix that begins with a dot, {@code *} for any, or null for a range
 * @param range a range of addresses, or null
 * @param port -1 for any
 */
record HostPattern(String name, AddressRange range, int port) {

    /**
     * Reads {@code host}, {@code host:port}, {@code *.suffix}, {@code *.suffix:port}, an address, a range, or {@code *}.
     *
     * @throws IllegalArgumentException with a sentence that names the entry
     */
    static HostPattern parse(String entry) {
        String text = entry.strip();
        AddressRange whole = AddressRange.parse(unbracketed(text));
        if (whole != null) {
            return new HostPattern(null, whole, -1);
        }
        int colon = text.lastIndexOf(':');
        String host = text;
        int port = -1;
        if (colon >= 0 && !text.endsWith("]")) {
            host = text.substring(0, colon);
            port = port(entry, text.substring(colon + 1));
        }
        if (host.isEmpty()) {
            throw invalid(entry);
        }
        AddressRange range = AddressRange.parse(unbracketed(host));
        if (range != null) {
            return new HostPattern(null, range, port);
        }
        if (host.equals("*")) {
            return new HostPattern("*", null, port);
        }
        boolean suffix = host.startsWith("*.");
        String name = normalize(suffix ? host.substring(2) : host);
        if (name == null || name.contains("*") || name.contains("/")) {
            throw invalid(entry);
        }
        return new HostPattern(suffix ? "." + name : name, null, port);
    }

    /** A name as it is compared: ASCII, lower case, without the root's dot; null when it cannot be a name. */
    static String normalize(String name) {
        String plain = unbracketed(name.strip());
        if (plain.endsWith(".")) {
            plain = plain.substring(0, plain.length() - 1);
        }
        if (plain.isEmpty() || plain.length() > 253) {
            return null;
        }
        if (AddressRange.literal(plain) != null) {
            return plain.toLowerCase(Locale.ROOT);
        }
        for (int i = 0; i < plain.length(); i++) {
            char c = plain.charAt(i);
            if (Character.isWhitespace(c) || Character.isISOControl(c) || "/\\@?#%[]:".indexOf(c) >= 0) {
                return null;
            }
        }
        try {
            return IDN.toASCII(plain, IDN.ALLOW_UNASSIGNED).toLowerCase(Locale.ROOT);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** Whether the entry speaks of this name and port; what it says of addresses is another question. */
    boolean matchesName(String host, int wantedPort) {
        if (!matchesPort(wantedPort) || name == null) {
            return false;
        }
        return name.equals("*") || (name.startsWith(".") ? host.endsWith(name) : host.equals(name));
    }

    /** Whether the entry speaks of this address and port. */
    boolean matchesAddress(InetAddress address, int wantedPort) {
        return range != null && matchesPort(wantedPort) && range.contains(address);
    }

    private boolean matchesPort(int wantedPort) {
        return port < 0 || port == wantedPort;
    }

    private static String unbracketed(String host) {
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }

    private static int port(String entry, String text) {
        try {
            int port = Integer.parseInt(text);
            if (port >= 1 && port <= 65_535) {
                return port;
            }
        } catch (NumberFormatException e) {
            throw (IllegalArgumentException) invalid(entry).initCause(e);
        }
        throw invalid(entry);
    }

    private static IllegalArgumentException invalid(String entry) {
        return new IllegalArgumentException("The allowed host \"" + entry
                + "\" is none of host, host:port, *.suffix, an address, an address range such as 10.0.0.0/8, or *");
    }
}
