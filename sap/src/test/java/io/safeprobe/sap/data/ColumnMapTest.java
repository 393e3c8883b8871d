package io.safeprobe.sap.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.sap.data.ColumnMap.Role;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ColumnMapTest {
    @Test
    void readsRolesAndColumns() {
        ColumnMap map = ColumnMap.parse(" prompt = instruction + input , RESPONSE=output");

        assertThat(map.of(Role.PROMPT)).containsExactly("instruction", "input");
        assertThat(map.of(Role.RESPONSE)).containsExactly("output");
        assertThat(map.of(Role.SAFE)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"prompt=a+b,response=c", "safe=x,harmful=y", "prompt=my column"})
    void writesWhatItReads(String text) {
        ColumnMap map = ColumnMap.parse(text);

        assertThat(map).hasToString(text);
        assertThat(ColumnMap.parse(map.toString())).isEqualTo(map);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "promt=a | unknown role 'promt'; roles are prompt, response, safe, harmful",
        "prompt | 'prompt' has no '='",
        "prompt=a, | '' has no '='",
        "prompt= | 'prompt' has no column, or an empty one",
        "prompt=a+ | 'prompt' has no column, or an empty one",
        "prompt=a,prompt=b | 'prompt' is given twice; join columns with '+'"
    })
    void refusesWhatItCannotRead(String text, String reason) {
        assertThatThrownBy(() -> ColumnMap.parse(text)).isInstanceOf(DataException.class)
                .hasMessageStartingWith("--map '" + text + "': " + reason)
                .hasMessageContaining("write it as prompt=COL[+COL],response=COL (task)");
    }

    @Test
    void isNotChangedFromOutside() {
        Map<Role, List<String>> columns = new EnumMap<>(Role.class);
        List<String> names = new ArrayList<>(List.of("a"));
        columns.put(Role.PROMPT, names);

        ColumnMap map = new ColumnMap(columns);
        names.add("b");
        columns.clear();

        assertThat(map).hasToString("prompt=a");
        assertThatThrownBy(() -> map.columns().clear()).isInstanceOf(UnsupportedOperationException.class);
    }
}
