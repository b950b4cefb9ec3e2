// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static java.util.Objects.requireNonNull;

import java.io.Serializable;

/**
 * What a destination does when a stream and a target that exists differ ({@code docs/abi.md}, section 5.7).
 *
 * @param newColumn the stream has a column that the target has not
 * @param removedColumn the target has a column that the stream has not
 * @param typeChange the type of a target's column does not hold the stream's values unchanged
 * @param nullabilityChange the stream's column may be null, the target's may not
 */
public record SchemaEvolution(
        NewColumn newColumn, RemovedColumn removedColumn, TypeChange typeChange, NullabilityChange nullabilityChange)
        implements Serializable {

    private static final SchemaEvolution DEFAULTS =
            new SchemaEvolution(NewColumn.ADD, RemovedColumn.IGNORE, TypeChange.FAIL, NullabilityChange.ALLOW);

    /** The stream has a column that the target has not. */
    public enum NewColumn {
        /** The target gets it. */
        ADD,
        /** It is left out. */
        IGNORE,
        /** Nothing is written. */
        FAIL;

        /** The name in payloads and pipeline files: {@code add}, {@code ignore}, {@code fail}. */
        public String jsonName() {
            return JsonNames.of(this);
        }

        /**
         * The value with a {@link #jsonName()}.
         *
         * @throws IllegalArgumentException naming the value and the known ones
         */
        public static NewColumn fromJsonName(String name) {
            return JsonNames.parse(NewColumn.class, name);
        }
    }

    /** The target has a column that the stream has not. */
    public enum RemovedColumn {
        /** It stays, and new rows have its default. */
        IGNORE,
        /** Nothing is written. */
        FAIL;

        /** The name in payloads and pipeline files: {@code ignore}, {@code fail}. */
        public String jsonName() {
            return JsonNames.of(this);
        }

        /**
         * The value with a {@link #jsonName()}.
         *
         * @throws IllegalArgumentException naming the value and the known ones
         */
        public static RemovedColumn fromJsonName(String name) {
            return JsonNames.parse(RemovedColumn.class, name);
        }
    }

    /** The type of a target's column does not hold the stream's values unchanged. */
    public enum TypeChange {
        /** Nothing is written. */
        FAIL,
        /** The column is widened when that changes no value, and values are converted otherwise. */
        COERCE,
        /** Values that do not fit become null. */
        NULL;

        /** The name in payloads and pipeline files: {@code fail}, {@code coerce}, {@code null}. */
        public String jsonName() {
            return JsonNames.of(this);
        }

        /**
         * The value with a {@link #jsonName()}.
         *
         * @throws IllegalArgumentException naming the value and the known ones
         */
        public static TypeChange fromJsonName(String name) {
            return JsonNames.parse(TypeChange.class, name);
        }
    }

    /** The stream's column may be null, the target's may not. */
    public enum NullabilityChange {
        /** The target's may be null from now on. */
        ALLOW,
        /** Nothing is written. */
        FAIL;

        /** The name in payloads and pipeline files: {@code allow}, {@code fail}. */
        public String jsonName() {
            return JsonNames.of(this);
        }

        /**
         * The value with a {@link #jsonName()}.
         *
         * @throws IllegalArgumentException naming the value and the known ones
         */
        public static NullabilityChange fromJsonName(String name) {
            return JsonNames.parse(NullabilityChange.class, name);
        }
    }

    /** Checks that nothing is null. */
    public SchemaEvolution {
        requireNonNull(newColumn, "newColumn");
        requireNonNull(removedColumn, "removedColumn");
        requireNonNull(typeChange, "typeChange");
        requireNonNull(nullabilityChange, "nullabilityChange");
    }

    /** New columns are added, removed ones stay, changed types are refused, and columns that may be null become so. */
    public static SchemaEvolution defaults() {
        return DEFAULTS;
    }

    /** The same with another answer to new columns. */
    public SchemaEvolution withNewColumn(NewColumn answer) {
        return new SchemaEvolution(answer, removedColumn, typeChange, nullabilityChange);
    }

    /** The same with another answer to removed columns. */
    public SchemaEvolution withRemovedColumn(RemovedColumn answer) {
        return new SchemaEvolution(newColumn, answer, typeChange, nullabilityChange);
    }

    /** The same with another answer to changed types. */
    public SchemaEvolution withTypeChange(TypeChange answer) {
        return new SchemaEvolution(newColumn, removedColumn, answer, nullabilityChange);
    }

    /** The same with another answer to columns that may be null. */
    public SchemaEvolution withNullabilityChange(NullabilityChange answer) {
        return new SchemaEvolution(newColumn, removedColumn, typeChange, answer);
    }

    @Override
    public String toString() {
        return "new_column " + newColumn.jsonName() + ", removed_column " + removedColumn.jsonName() + ", type_change "
                + typeChange.jsonName() + ", nullability_change " + nullabilityChange.jsonName();
    }
}
