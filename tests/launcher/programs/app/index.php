<?php
// Answers slowly: the first bytes at once, the last a second later.
header("Content-Type: text/plain");
while (ob_get_level()) {
    ob_end_flush();
}
echo "begun\n";
flush();
sleep(1);
echo "answered\n";
