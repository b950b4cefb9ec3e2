// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.List;
import java.util.StringJoiner;
import org.apache.arrow.flatbuf.DateUnit;
import org.apache.arrow.flatbuf.Decimal;
import org.apache.arrow.flatbuf.Field;
import org.apache.arrow.flatbuf.FixedSizeBinary;
import org.apache.arrow.flatbuf.FloatingPoint;
import org.apache.arrow.flatbuf.Int;
import org.apache.arrow.flatbuf.Interval;
import org.apache.arrow.flatbuf.IntervalUnit;
import org.apache.arrow.flatbuf.Precision;
import org.apache.arrow.flatbuf.Time;
import org.apache.arrow.flatbuf.TimeUnit;
import org.apache.arrow.flatbuf.Timestamp;
import org.apache.arrow.flatbuf.Type;

/**
 * The Arrow types of {@code docs/abi.md}, section 7.3: how each is written, and which buffers a column of it has.
 *
 * @param typeName as section 7.3 writes it
 * @param kind how its values lie in the buffers
 * @param bits the size of one value; 0 for values of variable size
 * @param children of a list or a map one, of a struct one for each field
 */
record ColumnLayout(String typeName, Kind kind, int bits, List<ColumnLayout> children) {

    /** How the values of a column lie in its buffers. */
    enum Kind {
        /** A validity bitmap and one buffer of values of one size. */
        FIXED,
        /** A validity bitmap, 32-bit offsets, and one buffer of bytes. */
        VARIABLE,
        /** A validity bitmap and 32-bit offsets into the one child. */
        LIST,
        /** A validity bitmap. */
        STRUCT
    }

    /** The buffers of the column and of all that is in it. */
    int bufferCount() {
        int count = switch (kind) {
            case FIXED, LIST -> 2;
            case VARIABLE -> 3;
            case STRUCT -> 1;
        };
        for (ColumnLayout child : children) {
            count += child.bufferCount();
        }
        return count;
    }

    /** The columns that it is with all that is in it. */
    int nodeCount() {
        int count = 1;
        for (ColumnLayout child : children) {
            count += child.nodeCount();
        }
        return count;
    }

    /**
     * The layout of a field whose children have these layouts and names; null for a type that section 7.3 does not have.
     */
    static ColumnLayout of(Field field, List<ColumnLayout> children, List<String> names) {
        return switch (field.typeType()) {
            case Type.List ->
                children.size() == 1
                        ? new ColumnLayout("list<" + children.get(0).typeName() + ">", Kind.LIST, 0, children)
                        : null;
            case Type.Map -> map(children);
            case Type.Struct_ -> struct(children, names);
            default -> children.isEmpty() ? flat(field) : null;
        };
    }

    private static ColumnLayout map(List<ColumnLayout> children) {
        if (children.size() != 1
                || children.get(0).kind() != Kind.STRUCT
                || children.get(0).children().size() != 2) {
            return null;
        }
        List<ColumnLayout> pair = children.get(0).children();
        String name = "map<" + pair.get(0).typeName() + ", " + pair.get(1).typeName() + ">";
        return new ColumnLayout(name, Kind.LIST, 0, children);
    }

    private static ColumnLayout struct(List<ColumnLayout> children, List<String> names) {
        StringJoiner members = new StringJoiner(", ", "struct<", ">");
        for (int i = 0; i < children.size(); i++) {
            members.add(names.get(i) + ": " + children.get(i).typeName());
        }
        return new ColumnLayout(members.toString(), Kind.STRUCT, 0, children);
    }

    private static ColumnLayout flat(Field field) {
        return switch (field.typeType()) {
            case Type.Bool -> fixed("bool", 1);
            case Type.Int -> integer((Int) field.type(new Int()));
            case Type.FloatingPoint -> floating((FloatingPoint) field.type(new FloatingPoint()));
            case Type.Decimal -> decimal((Decimal) field.type(new Decimal()));
            case Type.Utf8 -> new ColumnLayout("utf8", Kind.VARIABLE, 0, List.of());
            case Type.Binary -> new ColumnLayout("binary", Kind.VARIABLE, 0, List.of());
            case Type.FixedSizeBinary -> fixedSizeBinary((FixedSizeBinary) field.type(new FixedSizeBinary()));
            case Type.Date -> date((org.apache.arrow.flatbuf.Date) field.type(new org.apache.arrow.flatbuf.Date()));
            case Type.Time -> time((Time) field.type(new Time()));
            case Type.Timestamp -> timestamp((Timestamp) field.type(new Timestamp()));
            case Type.Interval -> interval((Interval) field.type(new Interval()));
            default -> null;
        };
    }

    private static ColumnLayout fixed(String name, int bits) {
        return new ColumnLayout(name, Kind.FIXED, bits, List.of());
    }

    private static ColumnLayout integer(Int type) {
        if (type == null) {
            return null;
        }
        int bits = type.bitWidth();
        if (!type.isSigned()) {
            return bits == 32 || bits == 64 ? fixed("uint" + bits, bits) : null;
        }
        return bits == 16 || bits == 32 || bits == 64 ? fixed("int" + bits, bits) : null;
    }

    private static ColumnLayout floating(FloatingPoint type) {
        if (type == null) {
            return null;
        }
        return switch (type.precision()) {
            case Precision.SINGLE -> fixed("float32", 32);
            case Precision.DOUBLE -> fixed("float64", 64);
            default -> null;
        };
    }

    private static ColumnLayout decimal(Decimal type) {
        if (type == null) {
            return null;
        }
        int bits = type.bitWidth();
        int mostDigits = bits == 128 ? 38 : bits == 256 ? 76 : 0;
        if (type.precision() < 1 || type.precision() > mostDigits) {
            return null;
        }
        return fixed("decimal" + bits + "(" + type.precision() + "," + type.scale() + ")", bits);
    }

    private static ColumnLayout fixedSizeBinary(FixedSizeBinary type) {
        // The bound keeps the product with any row count far inside of a long.
        if (type == null || type.byteWidth() < 0 || type.byteWidth() > 1 << 24) {
            return null;
        }
        return fixed("fixed_size_binary(" + type.byteWidth() + ")", type.byteWidth() * 8);
    }

    private static ColumnLayout date(org.apache.arrow.flatbuf.Date type) {
        return type != null && type.unit() == DateUnit.DAY ? fixed("date32", 32) : null;
    }

    private static ColumnLayout time(Time type) {
        return type != null && type.unit() == TimeUnit.MICROSECOND && type.bitWidth() == 64
                ? fixed("time64(us)", 64)
                : null;
    }

    private static ColumnLayout interval(Interval type) {
        return type != null && type.unit() == IntervalUnit.MONTH_DAY_NANO
                ? fixed("interval(month_day_nano)", 128)
                : null;
    }

    private static ColumnLayout timestamp(Timestamp type) {
        if (type == null || type.unit() != TimeUnit.MICROSECOND) {
            return null;
        }
        String zone = type.timezone();
        if (zone == null || zone.isEmpty()) {
            return fixed("timestamp(us)", 64);
        }
        return zone.equals("UTC") ? fixed("timestamp(us,UTC)", 64) : null;
    }
}
