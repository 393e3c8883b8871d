package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;

/**
 * A stable merge sort over "less than" alone, as Python sorts. Java's own sort refuses orders that contradict themselves, and a
 * template can make one with {@code nan}.
 */
final class Sorting {
    /** Up to here Python inserts one item after the other; which pair it finds not comparable depends on that. */
    private static final int SHORT = 64;

    private Sorting() {}

    static <T> List<T> stable(List<T> items, BiPredicate<T, T> less) {
        if (items.size() <= SHORT) {
            return inserted(items, less);
        }
        int middle = items.size() / 2;
        List<T> left = stable(items.subList(0, middle), less);
        List<T> right = stable(items.subList(middle, items.size()), less);
        List<T> merged = new ArrayList<>(items.size());
        int i = 0;
        int j = 0;
        while (i < left.size() && j < right.size()) {
            merged.add(less.test(right.get(j), left.get(i)) ? right.get(j++) : left.get(i++));
        }
        merged.addAll(left.subList(i, left.size()));
        merged.addAll(right.subList(j, right.size()));
        return merged;
    }

    private static <T> List<T> inserted(List<T> items, BiPredicate<T, T> less) {
        List<T> sorted = new ArrayList<>(items.size());
        for (T item : items) {
            int low = 0;
            int high = sorted.size();
            while (low < high) {
                int middle = (low + high) / 2;
                if (less.test(item, sorted.get(middle))) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            sorted.add(low, item);
        }
        return sorted;
    }
}
