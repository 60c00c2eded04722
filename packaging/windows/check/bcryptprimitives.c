/* Two things that Go asks of Windows and wine 8 lacks; for the checks alone,
 * never shipped. Go loads this DLL before anything else.
 *
 *   ProcessPrng        random numbers: every Windows since Vista has it
 *   SIO_UDP_NETRESET   net.ListenUDP sets it, and fails where it is unknown.
 *                      wine does what the setting is for without it: WSAIoctl
 *                      is wrapped so that this one succeeds.
 */
#include <winsock2.h>
#include <windows.h>
#include <string.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length); /* RtlGenRandom of advapi32 */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
    return SystemFunction036(buffer, (ULONG)length);
}

#define NETRESET _WSAIOW(IOC_VENDOR, 15)

typedef int (WSAAPI *ioctl_fn)(SOCKET, DWORD, LPVOID, DWORD, LPVOID, DWORD, LPDWORD, LPWSAOVERLAPPED,
                               LPWSAOVERLAPPED_COMPLETION_ROUTINE);
static ioctl_fn original;

static int WSAAPI wrapped(SOCKET s, DWORD code, LPVOID in, DWORD in_size, LPVOID out, DWORD out_size, LPDWORD returned,
                          LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE done)
{
    if (code == NETRESET) {
        if (returned) *returned = 0;
        return 0;
    }
    return original(s, code, in, in_size, out, out_size, returned, overlapped, done);
}

/* GetProcAddress finds what the table of exports says: a distance from the
 * module's start in 32 bits. The jump there lies behind the module. */
static void wrap(void)
{
    BYTE *base = (BYTE *)LoadLibraryA("ws2_32.dll"), *jump = NULL;
    if (!base) return;
    IMAGE_NT_HEADERS *nt = (void *)(base + ((IMAGE_DOS_HEADER *)base)->e_lfanew);
    IMAGE_EXPORT_DIRECTORY *dir = (void *)(base + nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT].VirtualAddress);
    DWORD *names = (void *)(base + dir->AddressOfNames), *functions = (void *)(base + dir->AddressOfFunctions), was;
    WORD *ordinals = (void *)(base + dir->AddressOfNameOrdinals);
    for (SIZE_T at = 0x1000000; !jump && at < 0x70000000; at += 0x10000)
        jump = VirtualAlloc(base + at, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    if (!jump) return;
    void *to = wrapped;
    memcpy(jump, "\x48\xb8", 2); /* mov rax, to; jmp rax */
    memcpy(jump + 2, &to, 8);
    memcpy(jump + 10, "\xff\xe0", 2);
    for (DWORD i = 0; i < dir->NumberOfNames; i++) {
        if (strcmp((char *)base + names[i], "WSAIoctl")) continue;
        DWORD *entry = &functions[ordinals[i]];
        original = (ioctl_fn)(base + *entry);
        if (VirtualProtect(entry, sizeof *entry, PAGE_READWRITE, &was)) {
            *entry = (DWORD)(jump - base);
            VirtualProtect(entry, sizeof *entry, was, &was);
        }
        return;
    }
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, LPVOID reserved)
{
    if (reason == DLL_PROCESS_ATTACH) wrap();
    return TRUE;
}
