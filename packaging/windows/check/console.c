/* Starts a program without handles for its output, as Explorer and cmd start
 * one of the window kind, and prints what then stands on this one's console.
 *     console.exe PROGRAM ARGUMENT */
#include <windows.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    char line[2048], text[2001] = {0};
    STARTUPINFOA si = {.cb = sizeof si, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION pi;
    COORD origin = {0, 0};
    DWORD n = 0;
    HANDLE screen;

    if (argc < 3) return 2;
    FreeConsole();
    if (!AllocConsole()) { fprintf(stderr, "no console: %lu\n", GetLastError()); return 2; }
    snprintf(line, sizeof line, "\"%s\" %s", argv[1], argv[2]);
    if (!CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &si, &pi)) { fprintf(stderr, "not started: %lu\n", GetLastError()); return 2; }
    WaitForSingleObject(pi.hProcess, 30000);
    screen = CreateFileA("CONOUT$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    ReadConsoleOutputCharacterA(screen, text, 2000, origin, &n);
    fwrite(text, 1, n, stdout);
    return 0;
}
