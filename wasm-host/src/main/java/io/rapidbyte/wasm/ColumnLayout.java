// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import org.apache.arrow.flatbuf.DateUnit;
import org.apache.arrow.flatbuf.Decimal;
import org.apache.arrow.flatbuf.Field;
import org.apache.arrow.flatbuf.FixedSizeBinary;
import org.apache.arrow.flatbuf.FloatingPoint;
import org.apache.arrow.flatbuf.Int;
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
 */
record ColumnLayout(String typeName, Kind kind, int bits) {

    /** How the values of a column lie in its buffers. */
    enum Kind {
        /** A validity bitmap and one buffer of values of one size. */
        FIXED,
        /** A validity bitmap, 32-bit offsets, and one buffer of bytes. */
        VARIABLE
    }

    /** Validity and values, or validity, offsets and bytes. */
    int bufferCount() {
        return kind == Kind.FIXED ? 2 : 3;
    }

    /** The layout of a field; null for a type that section 7.3 does not have. */
    static ColumnLayout of(Field field) {
        return switch (field.typeType()) {
            case Type.Bool -> fixed("bool", 1);
            case Type.Int -> integer((Int) field.type(new Int()));
            case Type.FloatingPoint -> floating((FloatingPoint) field.type(new FloatingPoint()));
            case Type.Decimal -> decimal((Decimal) field.type(new Decimal()));
            case Type.Utf8 -> new ColumnLayout("utf8", Kind.VARIABLE, 0);
            case Type.Binary -> new ColumnLayout("binary", Kind.VARIABLE, 0);
            case Type.FixedSizeBinary -> fixedSizeBinary((FixedSizeBinary) field.type(new FixedSizeBinary()));
            case Type.Date -> date((org.apache.arrow.flatbuf.Date) field.type(new org.apache.arrow.flatbuf.Date()));
            case Type.Time -> time((Time) field.type(new Time()));
            case Type.Timestamp -> timestamp((Timestamp) field.type(new Timestamp()));
            default -> null;
        };
    }

    private static ColumnLayout fixed(String name, int bits) {
        return new ColumnLayout(name, Kind.FIXED, bits);
    }

    private static ColumnLayout integer(Int type) {
        if (type == null || !type.isSigned()) {
            return null;
        }
        int bits = type.bitWidth();
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
