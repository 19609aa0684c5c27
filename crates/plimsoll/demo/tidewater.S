# The demo's program: an HTTP server for x86-64 Linux without a C library, so that it runs in an image that holds
# nothing else. `tidewater serve` answers every request on port 8080; `tidewater check` exits 0 if it does.
#
# as --64 tidewater.S -o tidewater.o && ld -s --build-id=none -z noseparate-code tidewater.o -o tidewater.elf

    .globl _start
    .text
_start:
    cmpq    $1, (%rsp)              # argc
    jle     serve
    movq    16(%rsp), %rsi          # argv[1]
    cmpb    $'c', (%rsi)
    je      check

serve:
    movl    $2, %eax                # open: fails where /tmp is not writable
    leaq    ready(%rip), %rdi
    movl    $0x241, %esi            # O_WRONLY | O_CREAT | O_TRUNC
    movl    $0644, %edx
    syscall
    testl   %eax, %eax
    js      failed
    call    new_socket
    movl    $54, %eax               # setsockopt SO_REUSEADDR
    movl    %r12d, %edi
    movl    $1, %esi
    movl    $2, %edx
    leaq    one(%rip), %r10
    movl    $4, %r8d
    syscall
    movl    $49, %eax               # bind 0.0.0.0:8080
    movl    %r12d, %edi
    leaq    any(%rip), %rsi
    movl    $16, %edx
    syscall
    testl   %eax, %eax
    js      failed
    movl    $50, %eax               # listen
    movl    %r12d, %edi
    movl    $16, %esi
    syscall
accept:
    movl    $43, %eax
    movl    %r12d, %edi
    xorl    %esi, %esi
    xorl    %edx, %edx
    syscall
    movl    %eax, %r13d
    subq    $1024, %rsp
    xorl    %eax, %eax              # read the request, whatever it is
    movl    %r13d, %edi
    movq    %rsp, %rsi
    movl    $1024, %edx
    syscall
    addq    $1024, %rsp
    movl    $1, %eax                # write the answer
    movl    %r13d, %edi
    leaq    answer(%rip), %rsi
    movl    $answer_end - answer, %edx
    syscall
    movl    $3, %eax                # close
    movl    %r13d, %edi
    syscall
    jmp     accept

check:
    call    new_socket
    movl    $42, %eax               # connect 127.0.0.1:8080
    movl    %r12d, %edi
    leaq    local(%rip), %rsi
    movl    $16, %edx
    syscall
    testl   %eax, %eax
    js      failed
    xorl    %edi, %edi
    jmp     exit

new_socket:
    movl    $41, %eax               # socket AF_INET, SOCK_STREAM
    movl    $2, %edi
    movl    $1, %esi
    xorl    %edx, %edx
    syscall
    movl    %eax, %r12d
    ret

failed:
    movl    $1, %edi
exit:
    movl    $60, %eax
    syscall

ready:  .asciz  "/tmp/tidewater.ready"
    .balign 4
one:    .long   1
any:    .word   2
        .byte   0x1f, 0x90, 0, 0, 0, 0
        .quad   0
local:  .word   2
        .byte   0x1f, 0x90, 127, 0, 0, 1
        .quad   0
answer: .ascii  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\nConnection: close\r\n\r\nhigh water 7\n"
answer_end:
