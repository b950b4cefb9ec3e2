// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.profile;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RustNamesTest {
    @Test
    void aPathLosesItsHash() {
        assertThat(
                RustNames.demangle("_ZN15source_postgres4read9copy_unit17h693a6386bd8f11aeE"),
                is("source_postgres::read::copy_unit"));
    }

    @Test
    void whatOnlyLooksLikeAHashStays() {
        assertThat(RustNames.demangle("_ZN4main5h1234E"), is("main::h1234"));
    }

    @Test
    void typeParametersAreWrittenOut() {
        assertThat(
                RustNames.demangle(
                        "_ZN13rapidbyte_sdk8postgres10connection19Connection$LT$T$GT$7receive17h0123456789abcdefE"),
                is("rapidbyte_sdk::postgres::connection::Connection<T>::receive"));
    }

    @Test
    void anImplementationOfATraitIsWrittenOut() {
        assertThat(
                RustNames.demangle(
                        "_ZN60_$LT$alloc..string..String$u20$as$u20$core..fmt..Display$GT$3fmt17h7977f71ab15f65a3E"),
                is("<alloc::string::String as core::fmt::Display>::fmt"));
    }

    @Test
    void referencesArraysAndSeveralParametersAreWrittenOut() {
        assertThat(
                RustNames.demangle("_ZN52_$LT$$RF$$u5b$u8$u3b$$u20$4$u5d$$C$$LP$$BP$T$RP$$GT$1fE"),
                is("<&[u8; 4],(*T)>::f"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "memcpy",
                "rb_read",
                "",
                "_ZN",
                "_ZNE",
                "_ZN3abE",
                "_ZN3abc",
                "_ZN0E",
                "_ZN99999999999999999999aE",
                "_RNvC5crate4main"
            })
    void whatIsNotMangledStaysAsItIs(String name) {
        assertThat(RustNames.demangle(name), is(name));
    }

    @Test
    void anUnknownEscapeStaysAsItIs() {
        assertThat(RustNames.demangle("_ZN8a$QQ$b.cE"), is("a$QQ$b.c"));
    }
}
