// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import io.rapidbyte.pipelines.config.Suggestions;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/**
 * How to connect to a Postgres server, in any of the forms that people have at hand: {@code postgres://user:password@host:port/database?sslmode=require},
 * {@code postgresql://…}, {@code jdbc:postgresql://…}, and libpq's {@code host=… port=… dbname=… user=… password=…}.
 *
 * <p>No sentence about one that cannot be read repeats a part of it: any part may be one of the password.
 */
final class PostgresConnection {
    private static final String EXPECTED =
            "Write it as postgres://user:password@host:port/database, or as host=… port=… dbname=… user=… password=….";

    private static final Set<String> SSL_MODES =
            Set.of("disable", "allow", "prefer", "require", "verify-ca", "verify-full");

    /** Parameters of libpq that the driver has under another name. */
    private static final Map<String, PGProperty> OF_LIBPQ = Map.of(
            "sslmode", PGProperty.SSL_MODE,
            "connect_timeout", PGProperty.CONNECT_TIMEOUT,
            "application_name", PGProperty.APPLICATION_NAME,
            "channel_binding", PGProperty.CHANNEL_BINDING,
            "gssencmode", PGProperty.GSS_ENC_MODE,
            "sslnegotiation", PGProperty.SSL_NEGOTIATION,
            "target_session_attrs", PGProperty.TARGET_SERVER_TYPE);

    private static final int SOCKET_TIMEOUT_SECONDS = 60;

    private static final List<String> OWN = List.of("host", "hostaddr", "port", "dbname", "user", "password");

    private final List<String> hosts;
    private final String database;
    private final Properties properties;

    /**
     * A name and a value.
     *
     * @param number which one it is of those that are written as name=value, from 1; 0 for what has a place of its own
     */
    private record Parameter(String name, String value, int number) {
        Parameter(String name, String value) {
            this(name, value, 0);
        }
    }

    private PostgresConnection(List<String> hosts, String database, Properties properties) {
        this.hosts = List.copyOf(hosts);
        this.database = database;
        this.properties = properties;
    }

    /**
     * Reads a connection.
     *
     * @throws StateException when it cannot be read
     */
    static PostgresConnection parse(String connection) {
        String text = connection.strip();
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.startsWith("jdbc:postgresql:")) {
            return ofUri(text.substring("jdbc:postgresql:".length()), true);
        }
        for (String scheme : List.of("postgres:", "postgresql:")) {
            if (lower.startsWith(scheme)) {
                return ofUri(text.substring(scheme.length()), false);
            }
        }
        if (text.isEmpty() || !text.contains("=")) {
            throw unreadable("it is neither a URL of Postgres nor a list of parameters");
        }
        return of(words(text));
    }

    /** Returns a URL for the driver, without a secret: user and password are properties. */
    String url() {
        String path = database == null ? "" : URLEncoder.encode(database, StandardCharsets.UTF_8);
        return "jdbc:postgresql://" + String.join(",", hosts) + "/" + path;
    }

    /** Returns what goes to the driver beside the URL, the password among it. */
    Properties properties() {
        Properties copy = new Properties();
        copy.putAll(properties);
        return copy;
    }

    /** Where it leads to, for people: {@code database on host:port}. */
    String place() {
        return databaseName() + " on " + String.join(", ", hosts);
    }

    /** The name of the database. */
    String databaseName() {
        return database == null ? user() : database;
    }

    /** Who connects. */
    String user() {
        return PGProperty.USER.getOrDefault(properties) == null
                ? System.getProperty("user.name")
                : PGProperty.USER.getOrDefault(properties);
    }

    /** How long the server may wait for the next statement of a transaction: shorter than anyone here waits for an answer. */
    Duration idleTimeout() throws SQLException {
        int seconds = PGProperty.SOCKET_TIMEOUT.getInt(properties);
        return Duration.ofSeconds(seconds > 0 ? seconds : SOCKET_TIMEOUT_SECONDS)
                .dividedBy(2);
    }

    /** Connects. */
    Connection connect() throws SQLException {
        return connect(properties());
    }

    /** Connects with these properties in place of its own. */
    Connection connect(Properties instead) throws SQLException {
        // Without the driver manager, which knows the drivers of one class loader only.
        return new Driver().connect(url(), instead);
    }

    /** Names the place; the password stays out. */
    @Override
    public String toString() {
        return place();
    }

    /** Reads what is behind the scheme. */
    private static PostgresConnection ofUri(String rest, boolean plusIsBlank) {
        String location = rest;
        List<Parameter> parameters = new ArrayList<>();
        int question = rest.indexOf('?');
        if (question >= 0) {
            location = rest.substring(0, question);
            for (String each : rest.substring(question + 1).split("&", -1)) {
                if (each.isEmpty()) {
                    continue;
                }
                int equals = each.indexOf('=');
                if (equals < 0) {
                    throw unreadable("what follows its '?' is not a list of name=value. " + encoding());
                }
                parameters.add(new Parameter(
                        decoded(each.substring(0, equals), plusIsBlank),
                        decoded(each.substring(equals + 1), plusIsBlank),
                        parameters.size() + 1));
            }
        }
        List<Parameter> all = new ArrayList<>();
        String path = location;
        if (location.startsWith("//")) {
            int slash = location.indexOf('/', 2);
            String authority = slash < 0 ? location.substring(2) : location.substring(2, slash);
            path = slash < 0 ? "" : location.substring(slash + 1);
            authority(authority, all);
        } else if (location.startsWith("/")) {
            path = location.substring(1);
        } else if (!plusIsBlank) {
            throw unreadable("its scheme is not followed by '//'");
        }
        if (path.contains("@") || path.contains("/")) {
            throw unreadable("there is a '/' or an '@' where the name of the database is. " + encoding());
        }
        if (!path.isEmpty()) {
            all.add(new Parameter("dbname", decoded(path, plusIsBlank)));
        }
        // What is said in a parameter counts more.
        all.addAll(parameters);
        return of(all);
    }

    private static void authority(String authority, List<Parameter> into) {
        // The last one: a password may have one that should have been encoded.
        int at = authority.lastIndexOf('@');
        if (at >= 0) {
            String login = authority.substring(0, at);
            int colon = login.indexOf(':');
            into.add(new Parameter("user", decoded(colon < 0 ? login : login.substring(0, colon), false)));
            if (colon >= 0) {
                into.add(new Parameter("password", decoded(login.substring(colon + 1), false)));
            }
        }
        String places = authority.substring(at + 1);
        if (places.isEmpty()) {
            return;
        }
        List<String> hosts = new ArrayList<>();
        List<String> ports = new ArrayList<>();
        for (String place : places.split(",", -1)) {
            int bracket = place.lastIndexOf(']');
            int colon = place.indexOf(':', Math.max(bracket, 0));
            String host = colon < 0 ? place : place.substring(0, colon);
            hosts.add(decoded(
                    host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host, false));
            ports.add(colon < 0 ? "" : place.substring(colon + 1));
        }
        into.add(new Parameter("host", String.join(",", hosts)));
        into.add(new Parameter("port", String.join(",", ports)));
    }

    /** Reads libpq's list: {@code name = value}, a value with blanks in quotes, a backslash before a quote or a backslash. */
    private static List<Parameter> words(String text) {
        List<Parameter> parameters = new ArrayList<>();
        int[] at = {0};
        for (skipBlanks(text, at); at[0] < text.length(); skipBlanks(text, at)) {
            int equals = text.indexOf('=', at[0]);
            if (equals < 0) {
                throw unreadable("its end is no name=value. A value with blanks stands in single quotes");
            }
            String name = text.substring(at[0], equals).strip();
            if (!name.matches("[A-Za-z_]+")) {
                throw unreadable("its parameter number " + (parameters.size() + 1)
                        + " is no name=value. A value with blanks stands in single quotes");
            }
            at[0] = equals + 1;
            skipBlanks(text, at);
            parameters.add(new Parameter(name, value(text, at), parameters.size() + 1));
        }
        return parameters;
    }

    private static String value(String text, int[] at) {
        StringBuilder value = new StringBuilder();
        boolean quoted = at[0] < text.length() && text.charAt(at[0]) == '\'';
        for (at[0] += quoted ? 1 : 0; at[0] < text.length(); at[0]++) {
            char c = text.charAt(at[0]);
            if (quoted ? c == '\'' : Character.isWhitespace(c)) {
                at[0]++;
                return value.toString();
            }
            if (c == '\\' && at[0] + 1 < text.length()) {
                at[0]++;
                c = text.charAt(at[0]);
            }
            value.append(c);
        }
        if (quoted) {
            throw unreadable("a single quote is not closed");
        }
        return value.toString();
    }

    private static void skipBlanks(String text, int[] at) {
        while (at[0] < text.length() && Character.isWhitespace(text.charAt(at[0]))) {
            at[0]++;
        }
    }

    private static PostgresConnection of(List<Parameter> parameters) {
        Map<String, String> own = new LinkedHashMap<>();
        Properties properties = new Properties();
        for (Parameter parameter : parameters) {
            if (OWN.contains(parameter.name())) {
                own.put(parameter.name().equals("hostaddr") ? "host" : parameter.name(), parameter.value());
            } else {
                property(parameter, properties);
            }
        }
        put(properties, PGProperty.USER, own.get("user"));
        put(properties, PGProperty.PASSWORD, own.get("password"));
        properties.putIfAbsent(PGProperty.APPLICATION_NAME.getName(), "rapidbyte state");
        // A connection on which nothing is said for hours is one that firewalls cut without a word.
        properties.putIfAbsent(PGProperty.TCP_KEEP_ALIVE.getName(), "true");
        properties.putIfAbsent(PGProperty.SOCKET_TIMEOUT.getName(), String.valueOf(SOCKET_TIMEOUT_SECONDS));
        String database = own.get("dbname");
        return new PostgresConnection(
                hosts(own.get("host"), own.get("port")),
                database == null || database.isEmpty() ? null : database,
                properties);
    }

    private static void property(Parameter parameter, Properties into) {
        PGProperty property = OF_LIBPQ.getOrDefault(parameter.name(), PGProperty.forName(parameter.name()));
        if (property == null
                || Set.of("PGHOST", "PGPORT", "PGDBNAME", "service").contains(parameter.name())) {
            Set<String> known = new TreeSet<>(OF_LIBPQ.keySet());
            known.addAll(OWN);
            Arrays.stream(PGProperty.values()).map(PGProperty::getName).forEach(known::add);
            throw unreadable("its parameter number " + parameter.number() + " is unknown"
                    + Suggestions.closest(parameter.name(), known)
                            .map(name -> "; did you mean '" + name + "'?")
                            .orElse(""));
        }
        String value = parameter.value();
        if (property == PGProperty.SSL_MODE && !SSL_MODES.contains(value)) {
            throw unreadable("sslmode is none of " + String.join(", ", new TreeSet<>(SSL_MODES)));
        }
        if (property == PGProperty.TARGET_SERVER_TYPE && parameter.name().equals("target_session_attrs")) {
            // A store is written to.
            value = value.equals("any") ? "any" : "primary";
        }
        put(into, property, value);
    }

    private static void put(Properties properties, PGProperty property, String value) {
        if (value != null) {
            properties.setProperty(property.getName(), value);
        }
    }

    private static List<String> hosts(String hosts, String ports) {
        List<String> names = List.of(Objects.requireNonNullElse(hosts, "").split(",", -1));
        List<String> numbers = List.of(Objects.requireNonNullElse(ports, "").split(",", -1));
        if (numbers.size() != 1 && numbers.size() != names.size()) {
            throw unreadable("it has not as many ports as hosts");
        }
        List<String> places = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i).strip();
            if (name.startsWith("/") || name.startsWith("@")) {
                throw unreadable("its host is a Unix socket, which the driver does not reach. Name a host");
            }
            String host = name.isEmpty() ? "localhost" : name;
            if (!host.matches("[\\p{L}\\p{N}._:%-]+")) {
                throw unreadable("there is no host name where one is expected. " + encoding());
            }
            places.add((host.contains(":") ? "[" + host + "]" : host) + ":"
                    + port(numbers.get(numbers.size() == 1 ? 0 : i).strip()));
        }
        return places;
    }

    private static int port(String text) {
        if (text.isEmpty()) {
            return 5432;
        }
        if (!text.matches("[0-9]{1,5}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > 65535) {
            throw unreadable("there is no port from 1 to 65535 where one is expected. " + encoding());
        }
        return Integer.parseInt(text);
    }

    /** Replaces <code>%41</code> by what it stands for. */
    private static String decoded(String text, boolean plusIsBlank) {
        if (text.indexOf('%') < 0 && !(plusIsBlank && text.indexOf('+') >= 0)) {
            return text;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        ByteBuffer decoded = ByteBuffer.allocate(bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '%') {
                int high = i + 2 < bytes.length ? Character.digit(bytes[i + 1], 16) : -1;
                int low = i + 2 < bytes.length ? Character.digit(bytes[i + 2], 16) : -1;
                if (high < 0 || low < 0) {
                    throw unreadable("a '%' is not followed by two hexadecimal digits. " + encoding());
                }
                decoded.put((byte) (high * 16 + low));
                i += 2;
            } else {
                decoded.put(bytes[i] == '+' && plusIsBlank ? (byte) ' ' : bytes[i]);
            }
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(decoded.flip()).toString();
        } catch (CharacterCodingException e) {
            throw unreadable("its '%' escapes are not UTF-8");
        }
    }

    private static String encoding() {
        return "In a URL, a user or password with one of : / ? # [ ] @ % needs them as % and two hexadecimal digits, '@' as %40";
    }

    private static StateException unreadable(String why) {
        return new StateException(
                "state.connection cannot be read as a connection of Postgres: " + why + (why.endsWith("?") ? " " : ". ")
                        + EXPECTED,
                true,
                null);
    }
}
