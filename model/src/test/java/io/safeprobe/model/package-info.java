@NullMarked
package io.safeprobe.model;

import org.jspecify.annotations.NullMarked;
