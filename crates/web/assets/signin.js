// Presses the button of the sign-in page: people are in at once, and a link preview that only fetches the page uses nothing up.
document.getElementById("signin")?.requestSubmit();
