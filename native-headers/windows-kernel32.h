/*
 * kernel32.dll. One header per DLL: each becomes a class that opens just that DLL (jextract -l),
 * and only when first used. Struct pointers are void* here so that no struct is emitted twice.
 */
#ifndef MILL_WINDOWS_KERNEL32_H
#define MILL_WINDOWS_KERNEL32_H

void *CreateIoCompletionPort(void *FileHandle, void *ExistingCompletionPort,
                             unsigned long long CompletionKey, unsigned int NumberOfConcurrentThreads);
int   GetQueuedCompletionStatusEx(void *CompletionPort, void *lpCompletionPortEntries,
                                  unsigned int ulCount, unsigned int *ulNumEntriesRemoved,
                                  unsigned int dwMilliseconds, int fAlertable);
int   PostQueuedCompletionStatus(void *CompletionPort, unsigned int dwNumberOfBytesTransferred,
                                 unsigned long long dwCompletionKey, void *lpOverlapped);
int   SetFileCompletionNotificationModes(void *FileHandle, unsigned char Flags);
int   CancelIoEx(void *hFile, void *lpOverlapped);
int   CloseHandle(void *hObject);
unsigned int GetLastError(void);

#endif
