// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The one mapping between enum constants and their names in JSON: lower case with underscores. */
final class JsonNames {
    private JsonNames() {}

    static String of(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    static <E extends Enum<E>> E parse(Class<E> type, String name) {
        for (E constant : type.getEnumConstants()) {
            if (of(constant).equals(name)) {
                return constant;
            }
        }
        String known = Arrays.stream(type.getEnumConstants()).map(JsonNames::of).collect(Collectors.joining(", "));
        throw new IllegalArgumentException("\"" + name + "\" is not one of " + known);
    }
}
