/* Runs a fuzz target over the files that are named: the corpus, in `make check`. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

enum { INPUT_MAX = 1 << 20 };

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "r");
        uint8_t *bytes = malloc(INPUT_MAX);
        if (file == NULL || bytes == NULL) {
            perror(argv[i]);
            return 1;
        }
        size_t length = fread(bytes, 1, INPUT_MAX, file);
        (void)fclose(file);
        uint8_t *exact = malloc(length > 0 ? length : 1); /* reading beyond is seen */
        for (size_t j = 0; exact != NULL && j < length; j++) {
            exact[j] = bytes[j];
        }
        free(bytes);
        (void)LLVMFuzzerTestOneInput(exact, length);
        free(exact);
    }
    printf("%d inputs\n", argc - 1);
    return argc > 1 ? 0 : 1;
}
