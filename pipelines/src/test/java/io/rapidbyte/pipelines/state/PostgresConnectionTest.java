// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.testing.PostgresServer;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PostgresConnectionTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgres://etl:s3cret@db.example:6543/warehouse?sslmode=require",
                "postgresql://etl:s3cret@db.example:6543/warehouse?sslmode=require",
                "POSTGRES://etl:s3cret@db.example:6543/warehouse?sslmode=require",
                " postgres://etl@db.example:6543/warehouse?password=s3cret&sslmode=require ",
                "postgres:///?host=db.example&port=6543&dbname=warehouse&user=etl&password=s3cret&sslmode=require",
                "jdbc:postgresql://db.example:6543/warehouse?user=etl&password=s3cret&sslmode=require",
                "host=db.example port=6543 dbname=warehouse user=etl password=s3cret sslmode=require",
                "hostaddr = db.example\n port = '6543' dbname='warehouse'   user=etl password = 's3cret' sslmode='require'",
            })
    void everyFormMeansTheSame(String text) {
        PostgresConnection connection = PostgresConnection.parse(text);

        assertThat(connection.url(), is("jdbc:postgresql://db.example:6543/warehouse"));
        assertThat(connection.place(), is("warehouse on db.example:6543"));
        assertThat(connection.user(), is("etl"));
        assertThat(connection.properties().getProperty("user"), is("etl"));
        assertThat(connection.properties().getProperty("password"), is("s3cret"));
        assertThat(connection.properties().getProperty("sslmode"), is("require"));
        assertThat(connection.properties().getProperty("tcpKeepAlive"), is("true"));
        assertThat(connection.toString(), not(containsString("s3cret")));
    }

    @Test
    void whatIsLeftAwayIsAsUsual() {
        PostgresConnection connection = PostgresConnection.parse("postgres://etl@");

        assertThat(connection.url(), is("jdbc:postgresql://localhost:5432/"));
        assertThat(connection.place(), is("etl on localhost:5432"));
        assertThat(connection.properties().getProperty("password"), is(nullValue()));
        assertThat(PostgresConnection.parse("jdbc:postgresql:shop").url(), is("jdbc:postgresql://localhost:5432/shop"));
        assertThat(PostgresConnection.parse("postgres://").user(), is(System.getProperty("user.name")));
    }

    @ParameterizedTest
    @CsvSource({
        "'postgres://h1:1,[::1]:2,h3/db', 'jdbc:postgresql://h1:1,[::1]:2,h3:5432/db'",
        "'host=h1,::1 port=1,2 dbname=db', 'jdbc:postgresql://h1:1,[::1]:2/db'",
        "'host=h1,h2 port=7 dbname=db', 'jdbc:postgresql://h1:7,h2:7/db'",
        "postgres://h/my%20db%2Fx, jdbc:postgresql://h:5432/my+db%2Fx",
    })
    void severalHostsAndOddNames(String text, String url) {
        assertThat(PostgresConnection.parse(text).url(), is(url));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "postgres://u:p%40s%3As%2F%25+%C3%A5@h/db | p@s:s/%+å",
                "postgres://u:p@ss@h/db | p@ss",
                "postgres://u:p:ss@h/db | p:ss",
                "jdbc:postgresql://h/db?user=u&password=a+b%2B | a b+",
                "postgres://h/db?user=u&password=a+b | a+b",
                "postgres://h/db?user=u&password=a@b | a@b",
                "host=h user=u password='it\\'s \\\\ odd' dbname=db | it's \\ odd",
                "host=h user=u password=it\\'s=1 dbname=db | it's=1",
                "host=h user=u dbname=db password='' | ``",
            })
    void passwordsOfAllKinds(String text, String password) {
        PostgresConnection connection = PostgresConnection.parse(text);

        assertThat(connection.properties().getProperty("password"), is(password));
        assertThat(connection.properties().getProperty("user"), is("u"));
        assertThat(connection.url(), is("jdbc:postgresql://h:5432/db"));
    }

    @Test
    void parametersOfLibpqAndOfTheDriverAreBothKnown() {
        PostgresConnection connection = PostgresConnection.parse(
                "postgres://h/db?connect_timeout=3&application_name=mine&sslrootcert=/x/root.crt&socketTimeout=5"
                        + "&target_session_attrs=read-write");

        assertThat(connection.properties().getProperty("connectTimeout"), is("3"));
        assertThat(connection.properties().getProperty("ApplicationName"), is("mine"));
        assertThat(connection.properties().getProperty("sslrootcert"), is("/x/root.crt"));
        assertThat(connection.properties().getProperty("socketTimeout"), is("5"));
        assertThat(connection.properties().getProperty("targetServerType"), is("primary"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "S3cret | it is neither a URL of Postgres nor a list of parameters",
                "mysql://u:S3cret@h/db | it is neither a URL of Postgres nor a list of parameters",
                "postgres:u:S3cret@h/db | its scheme is not followed by '//'",
                "postgres://u:S3/cret@h/db | there is a '/' or an '@' where the name of the database is. In a URL, a user or password",
                "postgres://u:12/S3cret@h/db | there is a '/' or an '@' where the name of the database is. In a URL",
                "postgres://u:S3?cret=1@h/db | its parameter number 1 is unknown",
                "postgres://u:12?S3cret@h/db | what follows its '?' is not a list of name=value. In a URL",
                "postgres://u:S3cret%@h/db | a '%' is not followed by two hexadecimal digits. In a URL",
                "postgres://u:S3cret%ff@h/db | its '%' escapes are not UTF-8",
                "postgres://u:x@h S3cret/db | there is no host name where one is expected",
                "postgres://u:x@h/db?sslmod=S3cret | its parameter number 1 is unknown; did you mean 'sslmode'?",
                "postgres://u:x@h/db?S3cretS3cret=1 | its parameter number 1 is unknown. Write",
                "postgres://u:x@h/db?sslmode=S3cret | sslmode is none of allow, disable, prefer, require, verify-ca, verify-full",
                "postgres://u:x@%2Fvar%2Frun/db?application_name=S3cret | its host is a Unix socket",
                "host=a,b,c port=1,2 password=S3cret | it has not as many ports as hosts",
                "host=h password=my S3cret | its end is no name=value. A value with blanks stands in single quotes",
                "host=h password=my S3cret user=u | its parameter number 3 is no name=value",
                "host=h password=my S3cret=x user=u | its parameter number 3",
                "host=h password='S3cret | a single quote is not closed",
                "host=h port=S3cret | there is no port from 1 to 65535",
            })
    void whatCannotBeReadIsASentenceWithoutAnyPartOfIt(String text, String sentence) {
        StateException refused = assertThrows(StateException.class, () -> PostgresConnection.parse(text));

        assertThat(
                refused.getMessage(),
                allOf(
                        startsWith("state.connection cannot be read as a connection of Postgres: " + sentence),
                        containsString(
                                "Write it as postgres://user:password@host:port/database, or as host=… port=… dbname=… user=…"),
                        not(containsString("S3"))));
        assertThat(refused.isMisconfigured(), is(true));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgres://%1$s:%2$s@%4$s:%5$d/%6$s",
                "jdbc:postgresql://%4$s:%5$d/%6$s?user=%1$s&password=%2$s&sslmode=disable",
                "host=%4$s port=%5$d dbname=%6$s user=%1$s password='%3$s' sslmode=prefer"
            })
    void theServerIsReachedByEachForm(String form) throws SQLException {
        PostgresServer server = PostgresServer.shared();
        String text = form.formatted(
                PostgresServer.USER,
                URLEncoder.encode(PostgresServer.PASSWORD, StandardCharsets.UTF_8)
                        .replace("+", "%20"),
                PostgresServer.PASSWORD.replace("\\", "\\\\").replace("'", "\\'"),
                server.host(),
                server.port(),
                server.database());

        try (Connection connection = PostgresConnection.parse(text).connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT current_user, current_setting('application_name')")) {
            row.next();
            assertThat(row.getString(1), is(PostgresServer.USER));
            assertThat(row.getString(2), is("rapidbyte state"));
        }
    }
}
