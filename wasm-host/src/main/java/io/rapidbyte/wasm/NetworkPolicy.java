// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a connector may connect to: what its manifest asks for, with the values of its configuration filled in, and the
 * pipeline allows. Decides twice: by name before the name is resolved, and by address for every address it resolved to.
 *
 * <p>A name that is granted may lead to any address, since that is what granting a name means, with one exception: link-local,
 * multicast and unspecified addresses, where a cloud's metadata service listens, need a grant of the address itself.
 */
final class NetworkPolicy {
    /** One endpoint that the manifest asks for, with the configuration filled in; null stands for any. */
    private record Endpoint(String host, Integer port) {}

    private final String connector;
    private final List<Endpoint> asked = new ArrayList<>();
    /** Null when the pipeline leaves it to the manifest. */
    private final List<HostPattern> allowed;

    private final List<String> allowedAsWritten;

    NetworkPolicy(Manifest manifest, JsonNode config, Grants grants) {
        this.connector = manifest.name();
        for (PermissionRequest.Endpoint endpoint : manifest.permissions().network()) {
            String host = resolve(endpoint.host(), config);
            String port = resolve(endpoint.port(), config);
            if (host != null && port != null) {
                ask(host.split(",", -1), port.split(",", -1));
            }
        }
        this.allowedAsWritten = grants.allowedHosts();
        this.allowed = allowedAsWritten == null ? null : parse(allowedAsWritten);
    }

    /** Several hosts have one port, or as many as there are hosts. */
    private void ask(String[] hosts, String[] ports) {
        if (ports.length != 1 && ports.length != hosts.length) {
            return;
        }
        for (int i = 0; i < hosts.length; i++) {
            String host = hosts[i].strip();
            String port = ports[ports.length == 1 ? 0 : i].strip();
            Integer portNumber = port.equals("*") ? null : parsePort(port);
            String normalized = host.equals("*") ? null : HostPattern.normalize(host);
            boolean unusable = (portNumber == null && !port.equals("*")) || (normalized == null && !host.equals("*"));
            if (!unusable) {
                asked.add(new Endpoint(normalized, portNumber));
            }
        }
    }

    private List<HostPattern> parse(List<String> entries) {
        try {
            return entries.stream().map(HostPattern::parse).toList();
        } catch (IllegalArgumentException e) {
            throw new ConnectorException(
                    connector,
                    ConnectorError.of(Category.CONFIG, "bad_allowed_host", String.valueOf(e.getMessage())),
                    e);
        }
    }

    /** Refuses a name and port that no address could make acceptable. */
    void requireName(String host, int port) throws ImportFailure {
        if (asked.stream().noneMatch(endpoint -> asks(endpoint, host, port))) {
            throw ImportFailure.failed(denied(
                    host,
                    port,
                    "its manifest does not ask for it",
                    "Connect to the host and port of the connector's configuration"));
        }
        boolean possible = allowed == null
                || allowed.stream().anyMatch(pattern -> pattern.matchesName(host, port) || pattern.range() != null);
        if (!possible) {
            throw ImportFailure.failed(deniedByPipeline(host, port));
        }
    }

    /** The addresses of a name that may be connected to. */
    List<InetAddress> permitted(String host, int port, InetAddress[] resolved) throws ImportFailure {
        boolean byName = allowed == null || allowed.stream().anyMatch(pattern -> pattern.matchesName(host, port));
        List<InetAddress> permitted = new ArrayList<>();
        boolean special = false;
        for (InetAddress each : resolved) {
            InetAddress address = unmapped(each);
            boolean byAddress =
                    allowed != null && allowed.stream().anyMatch(pattern -> pattern.matchesAddress(address, port));
            boolean literal =
                    allowed == null && asked.stream().anyMatch(endpoint -> isLiteral(endpoint, address, port));
            if (isSpecial(address) && !byAddress && !literal) {
                special = true;
            } else if (byName || byAddress) {
                permitted.add(address);
            }
        }
        if (permitted.isEmpty() && special) {
            throw ImportFailure.failed(
                    denied(
                            host,
                            port,
                            "the name leads to a link-local, multicast or unspecified address, which must be granted itself",
                            "Add the address to permissions.network.allowed_hosts of the connector in the pipeline if this is meant"));
        }
        if (permitted.isEmpty()) {
            throw ImportFailure.failed(deniedByPipeline(host, port));
        }
        return permitted;
    }

    private static boolean asks(Endpoint endpoint, String host, int port) {
        if (endpoint.port() != null && endpoint.port() != port) {
            return false;
        }
        if (endpoint.host() == null || endpoint.host().equals(host)) {
            return true;
        }
        // Two ways to write one address are one address.
        InetAddress a = AddressRange.literal(endpoint.host());
        return a != null && a.equals(AddressRange.literal(host));
    }

    /** A resolver may hand out an IPv4 address in the dress of an IPv6 one, in which no check would know it. */
    private static InetAddress unmapped(InetAddress address) {
        try {
            InetAddress plain = InetAddress.getByAddress(address.getAddress());
            // A real IPv6 address is kept as it came, with its scope.
            return plain instanceof Inet4Address ? plain : address;
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address has an illegal length", e);
        }
    }

    /** Whether the manifest or the configuration names an address itself, rather than any host. */
    private static boolean isLiteral(Endpoint endpoint, InetAddress address, int port) {
        return endpoint.host() != null
                && (endpoint.port() == null || endpoint.port() == port)
                && address.equals(AddressRange.literal(endpoint.host()));
    }

    private static boolean isSpecial(InetAddress address) {
        return address.isLinkLocalAddress() || address.isMulticastAddress() || address.isAnyLocalAddress();
    }

    private ConnectorError deniedByPipeline(String host, int port) {
        String list = allowedAsWritten == null || allowedAsWritten.isEmpty()
                ? "the pipeline allows it no host"
                : "the pipeline allows it only " + String.join(", ", allowedAsWritten);
        return denied(
                host,
                port,
                list,
                "Add \"" + endpoint(host, port)
                        + "\" to permissions.network.allowed_hosts of the connector in the pipeline");
    }

    private ConnectorError denied(String host, int port, String why, String hint) {
        return ConnectorError.of(
                        Category.PERMISSION,
                        "network_denied",
                        "The connector " + connector + " may not connect to " + endpoint(host, port) + ": " + why)
                .withHint(hint + ".");
    }

    static String endpoint(String host, int port) {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }

    private static String resolve(PermissionRequest.Value value, JsonNode config) {
        if (value.configMember() == null) {
            return value.literal();
        }
        JsonNode member = config.path(value.configMember());
        if (member.isValueNode() && !member.isNull() && !member.asText().isEmpty()) {
            return member.asText();
        }
        return value.literal();
    }

    private static Integer parsePort(String text) {
        try {
            int port = Integer.parseInt(text.strip());
            return port >= 1 && port <= 65_535 ? port : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
