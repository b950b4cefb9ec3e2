// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.profile;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Names of Rust functions as a module's name section has them. Understands the older of the compiler's two manglings, the
 * default: {@code _ZN}, identifiers with their lengths in front, a hash, {@code E}.
 */
final class RustNames {
    private static final String PREFIX = "_ZN";
    private static final int HASH_DIGITS = 16;

    /** What the mangling writes between dollar signs. */
    private static final Map<String, String> ESCAPES = Map.of(
            "SP", "@",
            "BP", "*",
            "RF", "&",
            "LT", "<",
            "GT", ">",
            "LP", "(",
            "RP", ")",
            "C", ",");

    private RustNames() {}

    /** The path that was mangled, without its hash; a name that is not mangled this way comes back as it is. */
    static String demangle(String name) {
        List<String> identifiers = identifiers(name);
        if (identifiers.isEmpty()) {
            return name;
        }
        if (identifiers.size() > 1 && isHash(identifiers.get(identifiers.size() - 1))) {
            identifiers.remove(identifiers.size() - 1);
        }
        return String.join("::", identifiers.stream().map(RustNames::unescape).toList());
    }

    /** The identifiers of a mangled name, still escaped; empty when the name is not mangled. */
    private static List<String> identifiers(String name) {
        List<String> identifiers = new ArrayList<>();
        if (!name.startsWith(PREFIX)) {
            return identifiers;
        }
        int position = PREFIX.length();
        while (position < name.length() && name.charAt(position) != 'E') {
            int digits = position;
            while (position < name.length() && isDigit(name.charAt(position)) && position - digits < 5) {
                position++;
            }
            if (position == digits) {
                return new ArrayList<>();
            }
            int length = Integer.parseInt(name.substring(digits, position));
            if (length == 0 || length > name.length() - position) {
                return new ArrayList<>();
            }
            identifiers.add(name.substring(position, position + length));
            position += length;
        }
        return position < name.length() ? identifiers : new ArrayList<>();
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isHash(String identifier) {
        return identifier.length() == HASH_DIGITS + 1
                && identifier.charAt(0) == 'h'
                && identifier.chars().skip(1).allMatch(c -> Character.digit(c, 16) >= 0);
    }

    private static String unescape(String identifier) {
        StringBuilder out = new StringBuilder(identifier.length());
        // An underscore stands before an escape at the beginning, where an identifier may not have a dollar sign.
        int position = identifier.startsWith("_$") ? 1 : 0;
        while (position < identifier.length()) {
            char c = identifier.charAt(position);
            int close = c == '$' ? identifier.indexOf('$', position + 1) : -1;
            String meaning = close < 0 ? null : meaning(identifier.substring(position + 1, close));
            if (meaning != null) {
                out.append(meaning);
                position = close + 1;
            } else if (identifier.startsWith("..", position)) {
                out.append("::");
                position += 2;
            } else {
                out.append(c);
                position++;
            }
        }
        return out.toString();
    }

    /** What an escape stands for; null when it is none. */
    private static String meaning(String escape) {
        if (escape.matches("u[0-9a-f]{1,6}")) {
            int codePoint = Integer.parseInt(escape.substring(1), 16);
            return Character.isValidCodePoint(codePoint) ? Character.toString(codePoint) : null;
        }
        return ESCAPES.get(escape);
    }
}
